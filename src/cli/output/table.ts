/** Aligned columns. */
import { plainLine } from '../../domain/text/plain-text.ts';

const CELL_CHARS_MAX = 120;
const GAP = '  ';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lines without trailing spaces; the empty string when there are no rows. Cells are made safe to print. */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return '';
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell) => plainLine(cell, CELL_CHARS_MAX)))];
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => width(row[index] ?? ''))));
  return cells.map((row) => lineOf(row, columns, widths)).join('\n');
};

const lineOf = (row: readonly string[], columns: readonly Column[], widths: readonly number[]): string =>
  columns
    .map(({ align }, index) => {
      const cell = row[index] ?? '';
      const padding = ' '.repeat((widths[index] ?? 0) - width(cell));
      return align === 'right' ? padding + cell : cell + padding;
    })
    .join(GAP)
    .trimEnd();

/** Characters on screen: code points, not UTF-16 units. */
const width = (text: string): number => Array.from(text).length;

/** "name   value" lines, aligned. Pairs without a value are left out. */
export const fields = (pairs: readonly (readonly [string, string | null])[]): string => {
  const shown = pairs.filter(([, value]) => value !== null);
  const wide = Math.max(...shown.map(([name]) => width(name)));
  return shown.map(([name, value]) => `${name.padEnd(wide)}${GAP}${plainLine(value ?? '', 1000)}`).join('\n');
};
