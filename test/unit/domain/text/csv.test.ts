import { expect, test } from 'vitest';
import { toCsv } from '../../../../src/domain/text/csv.ts';

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

test('lines end as other tools of a shell expect, where that is asked for', () => {
  expect(
    toCsv(
      [
        ['a', 1],
        ['b\r', null],
      ],
      '\n',
    ),
  ).toBe('a,1\n"b\r",\n');
});
