/** Aligned columns. */
import { plainLine } from '../../platform/printable-text.ts';

/** Of what a cell holds where nothing is too narrow for it, such as a pipe. */
const CELL_CHARS_MAX = 4000;
/** A column is not made narrower than this. */
const COLUMN_CHARS_MIN = 12;
const GAP = '  ';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lines without trailing spaces; the empty string when there are no rows. Cells are made safe to print. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  screenChars: number = screenWidth(),
): string => {
  if (rows.length === 0) return '';
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell) => plainLine(cell, CELL_CHARS_MAX)))];
  const wanted = columns.map((_column, index) => Math.max(...cells.map((row) => width(row[index] ?? ''))));
  const widths = fitting(columns, wanted, screenChars);
  const shown = cells.map((row) => row.map((cell, index) => shortened(cell, widths[index] ?? 0)));
  return shown.map((row) => lineOf(row, columns, widths)).join('\n');
};

/** Without a terminal nothing is too wide: what reads a pipe wants all of it. */
const screenWidth = (): number =>
  process.stdout.isTTY ? process.stdout.columns || Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY;

/** What does not fit is taken from the widest column of words, which is where messages stand; numbers and ids are never cut. */
const fitting = (columns: readonly Column[], wanted: readonly number[], screenChars: number): readonly number[] => {
  const total = wanted.reduce((sum, chars) => sum + chars, 0) + GAP.length * (columns.length - 1);
  const widest = wanted.reduce(
    (most, chars, index) => (columns[index]?.align === 'right' || chars <= (wanted[most] ?? 0) ? most : index),
    columns.findIndex(({ align }) => align !== 'right'),
  );
  const last = columns.length - 1;
  const cut = columns[last]?.align !== 'right' && (wanted[last] ?? 0) > ID_CHARS ? last : widest;
  if (total <= screenChars || cut < 0 || (wanted[cut] ?? 0) <= ID_CHARS) return wanted;
  const room = Math.max(COLUMN_CHARS_MIN, (wanted[cut] ?? 0) - (total - screenChars));
  return wanted.map((chars, index) => (index === cut ? room : chars));
};

/** "c-" and 32 digits. */
const ID_CHARS = 34;

const shortened = (cell: string, chars: number): string => {
  const signs = Array.from(cell);
  return signs.length <= chars ? cell : `${signs.slice(0, Math.max(0, chars - 1)).join('')}…`;
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
