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
