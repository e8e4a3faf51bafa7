import { describe, expect, test } from 'vitest';
import { valuesOfRange } from '../../../../src/domain/plan/value-range.ts';
import { parseHeader } from '../../../../src/problems/parse-header.ts';

const headerOf = (space: string, where = '[]'): ReturnType<typeof parseHeader> =>
  parseHeader(
    `/* kiln\nparams: {B: 8, T: float, FAST: true}\nlaunch: [{kernel: f, args: []}]\nspace: ${space}\nwhere: ${where}\n*/`,
    'c',
  );

describe('a range', () => {
  test.each([
    ['1..4', [1, 2, 3, 4]],
    ['4..17 step 4', [4, 8, 12, 16]],
    ['1..64 powers', [1, 2, 4, 8, 16, 32, 64]],
    ['3..81 powers of 3', [3, 9, 27, 81]],
    ['-2..2 step 2', [-2, 0, 2]],
    [' 5 .. 5 ', [5]],
  ])('%s is %j', (text, values) => {
    expect(valuesOfRange(text)).toEqual(values);
  });

  test.each([
    ['8..4', /goes down/],
    ['1..4 by 2', /is no range: a range is FROM\.\.TO/],
    ['1..4 step 0', /at least 1/],
    ['0..8 powers', /begin at 1/],
    ['1..8 powers of 1', /of 2 or more/],
    ['1..100000', /100000 values; the limit is 1024/],
    ['5..7 powers', /holds no value/],
  ])('%s is refused', (text, message) => {
    expect(valuesOfRange(text)).toMatch(message);
  });

  test('stands in a space beside lists; true and false are 1 and 0', () => {
    const header = headerOf('{B: 4..16 step 4, T: [float, double], FAST: [true, false]}', '["B <= 12"]');
    expect(header).toMatchObject({
      ok: true,
      plan: {
        params: { FAST: 1 },
        space: { B: [4, 8, 12, 16], T: ['float', 'double'], FAST: [1, 0] },
        where: ['B <= 12'],
      },
    });
  });

  test.each([
    ['{B: 8..4}', '[]', 'space.B', /line 4: .*goes down/],
    ['{B: all}', '[]', 'space.B', /line 4: /],
    ['{B: [8]}', '["B <"]', 'where[0]', /line 5: .*ends where a value is expected/],
  ])('a space that is none names its line: %s', (space, where, field, message) => {
    expect(headerOf(space, where)).toEqual({ ok: false, field, message: expect.stringMatching(message) as string });
  });
});
