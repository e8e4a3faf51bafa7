import { describe, expect, test } from 'vitest';
import { fields, table } from '../../../../src/cli/output/table.ts';

describe('table', () => {
  test('aligns columns by characters on screen and trims line ends', () => {
    const text = table(
      [{ title: 'NAME' }, { title: 'TIME', align: 'right' }, { title: 'NOTE' }],
      [
        ['a', '73.0 µs', ''],
        ['longer', '1 ms', 'x'],
      ],
    );
    expect(text.split('\n')).toEqual(['NAME       TIME  NOTE', 'a       73.0 µs', 'longer     1 ms  x']);
  });

  test('makes cells safe, and is empty without rows', () => {
    expect(table([{ title: 'A' }], [['x\u001b[2Jy\nz']])).toBe('A\nxy z');
    expect(table([{ title: 'A' }], [])).toBe('');
  });

  const message = `no such thing ${'x'.repeat(300)} end`;
  const columns = [{ title: 'CANDIDATE' }, { title: 'TIME', align: 'right' as const }, { title: 'RESULT' }];
  const row = [`c-${'0'.repeat(32)}`, '73.0 µs', message];

  test('cuts nothing where no terminal is too narrow, such as in a pipe', () => {
    expect(table(columns, [row], Number.POSITIVE_INFINITY)).toContain(message);
    expect(table(columns, [row], 400)).toContain(message);
  });

  test('cuts the message to a narrow terminal, and neither ids nor numbers', () => {
    const lines = table(columns, [row, ['c-1', '1 ms', 'short']], 80).split('\n');
    expect(lines.map((line) => line.length <= 80)).toEqual([true, true, true]);
    expect(lines[1]).toMatch(/^c-0{32} {2}73\.0 µs {2}no such thing x+…$/);
    expect(lines[2]).toContain('short');
    expect(table(columns, [row], 20)).toContain('c-'.padEnd(34, '0'));
  });

  describe('on a narrow terminal', () => {
    const id = `c-${'0123456789abcdef'.repeat(2)}`;
    const ranking = [
      { title: '#', align: 'right' as const },
      { title: 'MEASURED', isExtra: true },
      { title: 'CANDIDATE', isId: true },
      { title: 'LANGUAGE', isExtra: true },
      { title: 'MARK' },
    ];
    const entry = ['1', 'confirmed, 5 judgements', id, 'c', 'record'];

    test('ids are shortened to a beginning that names them as well', () => {
      expect(table(ranking, [entry], 61)).toBe(
        '#  MEASURED                 CANDIDATE       LANGUAGE  MARK\n1  confirmed, 5 judgements  c-0123456789ab  c         record',
      );
      expect(table(ranking, [entry], 80)).toContain(id);
    });

    test('columns that can be done without are left out, the last of them first, and the table says which', () => {
      expect(table(ranking, [entry], 51)).toBe(
        [
          '#  MEASURED                 CANDIDATE       MARK',
          '1  confirmed, 5 judgements  c-0123456789ab  record',
          'left out, as the terminal is too narrow: LANGUAGE',
        ].join('\n'),
      );
      expect(table(ranking, [entry], 30).split('\n')).toEqual([
        '#  CANDIDATE       MARK',
        '1  c-0123456789ab  record',
        'left out, as the terminal is too narrow: MEASURED, LANGUAGE',
      ]);
    });

    test('the last message is cut, as long as enough of it is left, before a column is left out', () => {
      const remarked = [...entry.slice(0, 4), 'm'.repeat(40)];
      expect(table(ranking, [remarked], 80).split('\n')[1]).toBe(
        `1  confirmed, 5 judgements  c-0123456789ab  c         ${'m'.repeat(25)}…`,
      );
      expect(table(ranking, [remarked], 74)).toMatch(/\nleft out, as the terminal is too narrow: LANGUAGE$/u);
    });
  });

  test('fields leaves out what is not known', () => {
    expect(
      fields([
        ['id', 'c-1'],
        ['why', null],
        ['status', 'done'],
      ]),
    ).toBe('id      c-1\nstatus  done');
  });
});
