import { expect, test } from 'vitest';
import { toCsv } from '../../../src/dashboard/model/csv.ts';

test('cells are quoted where they must be, and none is a formula', () => {
  expect(
    toCsv([
      ['name', 'speed-up'],
      ['a, "b"\n', 1.5],
      ['=HYPERLINK("x")', null],
      ['-2', -2],
    ]),
  ).toBe('name,speed-up\r\n"a, ""b""\n",1.5\r\n"\'=HYPERLINK(""x"")",\r\n\'-2,-2\r\n');
});
