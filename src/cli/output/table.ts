/** Aligned columns. */
import { plainLine } from '../../platform/printable-text.ts';

/** Of what a cell holds where nothing is too narrow for it, such as a pipe. */
const CELL_CHARS_MAX = 4000;
/** A column is not made narrower than this. */
const COLUMN_CHARS_MIN = 12;
/** Columns are left out before a message is cut to less than this. */
const MESSAGE_CHARS_MIN = 24;
/** Wider than this are messages alone. */
const NAME_CHARS_MAX = 34;
/** "c-" and 12 of 32 digits: as long as no other id begins so, by which time the answer says that it is ambiguous. */
const SHORT_ID_CHARS = 14;
const GAP = '  ';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Of ids: where the terminal is too narrow, their beginning, which every command takes as well. */
  readonly isId?: boolean;
  /** Left out where the terminal is too narrow, the last of them first. */
  readonly isExtra?: boolean;
}

interface Sized extends Column {
  readonly index: number;
  readonly chars: number;
}

/** Lines without trailing spaces; the empty string when there are no rows. Cells are made safe to print. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  screenChars: number = screenWidth(),
): string => {
  if (rows.length === 0) return '';
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell) => plainLine(cell, CELL_CHARS_MAX)))];
  const wanted = columns.map((column, index) => ({
    ...column,
    index,
    chars: Math.max(...cells.map((row) => width(row[index] ?? ''))),
  }));
  const shown = fitting(wanted, screenChars);
  const left = columns.filter((_column, at) => !shown.some(({ index }) => index === at)).map(({ title }) => title);
  const note = left.length === 0 ? [] : [`left out, as the terminal is too narrow: ${left.join(', ')}`];
  return [...cells.map((row) => lineOf(row, shown)), ...note].join('\n');
};

/** Without a terminal nothing is too wide: what reads a pipe wants all of it. */
const screenWidth = (): number =>
  process.stdout.isTTY ? process.stdout.columns || Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY;

/** Ids are shortened first, then columns are left out, then a message is cut. Numbers and names are never cut. */
const fitting = (wanted: readonly Sized[], screenChars: number): readonly Sized[] => {
  if (total(wanted) <= screenChars) return wanted;
  let shown = wanted.map((column) => (column.isId ? { ...column, chars: Math.min(column.chars, SHORT_ID_CHARS) } : column));
  while (total(cutTo(shown, 0, MESSAGE_CHARS_MIN)) > screenChars) {
    const extra = shown.findLast(({ isExtra }) => isExtra);
    if (!extra) break;
    shown = shown.filter((column) => column !== extra);
  }
  return cutTo(shown, screenChars, COLUMN_CHARS_MIN);
};

const total = (columns: readonly Sized[]): number =>
  columns.reduce((sum, { chars }) => sum + chars, GAP.length * (columns.length - 1));

/** What is too much is taken from the last column of words, or else from the widest one, which is where messages stand. */
const cutTo = (columns: readonly Sized[], screenChars: number, charsMin: number): readonly Sized[] => {
  const words = columns.filter(({ align, isId }) => align !== 'right' && !isId);
  const last = words.findLast((column) => column === columns.at(-1) && column.chars > charsMin);
  const widest = words.toSorted((one, other) => other.chars - one.chars).find(({ chars }) => chars > NAME_CHARS_MAX);
  const cut = last ?? widest;
  const room = Math.max(charsMin, (cut?.chars ?? 0) - Math.max(0, total(columns) - screenChars));
  return columns.map((column) => (column === cut ? { ...column, chars: room } : column));
};

const shortened = (cell: string, { chars, isId }: Sized): string => {
  const signs = Array.from(cell);
  if (isId) return signs.slice(0, chars).join('');
  return signs.length <= chars ? cell : `${signs.slice(0, Math.max(0, chars - 1)).join('')}…`;
};

const lineOf = (row: readonly string[], shown: readonly Sized[]): string =>
  shown
    .map((column) => {
      const cell = shortened(row[column.index] ?? '', column);
      const padding = ' '.repeat(Math.max(0, column.chars - width(cell)));
      return column.align === 'right' ? padding + cell : cell + padding;
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
