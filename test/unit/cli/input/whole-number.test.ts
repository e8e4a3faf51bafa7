import { expect, test } from 'vitest';
import { wholeNumber } from '../../../../src/cli/input/whole-number.ts';

test('whole numbers keep to their range', () => {
  expect(wholeNumber(1, 5)('5')).toBe(5);
  for (const text of ['0', '6', '1.5', '', 'x', '1e0']) expect(() => wholeNumber(1, 5)(text)).toThrow(/from 1 to 5/);
});
