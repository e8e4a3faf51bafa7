import { expect, test } from 'vitest';
import { duration } from '../../../../src/cli/input/duration.ts';

test.each([
  ['90', 90_000],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['2d', 172_800_000],
])('%s is %i ms', (text, ms) => {
  expect(duration(text)).toBe(ms);
});

test.each(['', '0', '0s', '-1', '5x', 's', '1h30', 'soon', '25d', '1e9', ' 5s'])('"%s" is refused with an example', (text) => {
  expect(() => duration(text)).toThrow(/such as 30s|at most 24 days/);
});
