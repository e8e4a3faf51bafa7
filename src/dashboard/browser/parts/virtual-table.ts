/** A table of any length: only the rows that are seen are in the page. Screen readers are told how many there are. */
import { h, type ComponentChildren, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { toCsv } from '../../../domain/text/csv.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** For the export; left out: the column is not in it. */
  readonly text?: (row: Row) => string | number | null;
  readonly isNumber?: boolean;
  /** Per cent of the width, where there is room: it gives way to other columns, down to `leastRem`, and what does not fit is cut with an ellipsis. */
  readonly room?: { readonly percent: number; readonly leastRem: number };
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly isMarked?: (row: Row) => boolean;
  /** The last rows come into sight: more may be asked for. */
  readonly onEnd?: () => void;
}

const ROW_PX = 31;
const MARGIN_ROWS = 12;
const WHOLE_BELOW = 80;

export const VirtualTable = <Row>({ caption, columns, rows, keyOf, isMarked, onEnd }: Props<Row>): JSX.Element => {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, to: WHOLE_BELOW });
  const look = (): void => {
    const element = box.current;
    if (element === null) return;
    const from = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - MARGIN_ROWS);
    const to = Math.ceil((element.scrollTop + element.clientHeight) / ROW_PX) + MARGIN_ROWS;
    setSeen((before) => (before.from === from && before.to === to ? before : { from, to }));
    if (to >= rows.length) onEnd?.();
  };
  useEffect(look, [rows.length]);
  const isWhole = rows.length <= WHOLE_BELOW;
  const from = isWhole ? 0 : Math.min(seen.from, Math.max(0, rows.length - 1));
  const to = isWhole ? rows.length : Math.min(rows.length, seen.to);
  return h(
    'div',
    { class: 'scroll tall', ref: box, onScroll: look, tabIndex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      { class: 'virtual', 'aria-rowcount': rows.length + 1 },
      h('caption', { class: 'visually-hidden' }, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          { 'aria-rowindex': 1 },
          columns.map((column) =>
            h('th', { key: column.title, scope: 'col', ...lookOf(column), style: widthOf(column) }, column.title),
          ),
        ),
      ),
      h(
        'tbody',
        null,
        spacer(from, columns.length, 'before'),
        rows.slice(from, to).map((row, index) =>
          h(
            'tr',
            { key: keyOf(row), 'aria-rowindex': from + index + 2, class: isMarked?.(row) ? 'marked' : '' },
            columns.map((column) => h('td', { key: column.title, ...lookOf(column) }, column.cell(row))),
          ),
        ),
        spacer(rows.length - to, columns.length, 'after'),
      ),
    ),
  );
};

const lookOf = ({ isNumber, room }: Pick<Column<never>, 'isNumber' | 'room'>): { readonly class: string } => ({
  class: [isNumber ? 'num' : '', room ? 'gives-way' : ''].join(' ').trim(),
});

const widthOf = ({ room }: Pick<Column<never>, 'room'>): Readonly<Record<string, string>> =>
  room ? { width: `${room.percent}%`, minWidth: `${room.leastRem}rem` } : {};

const spacer = (rows: number, columns: number, key: string): JSX.Element | null =>
  rows <= 0
    ? null
    : h(
        'tr',
        { key, class: 'spacer', 'aria-hidden': true },
        h('td', { colSpan: columns, style: { height: `${rows * ROW_PX}px` } }),
      );

interface ExportProps<Row> {
  readonly file: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

export const CsvButton = <Row>({ file, columns, rows }: ExportProps<Row>): JSX.Element => {
  const save = (): void => {
    const exported = columns.flatMap(({ title, text }) => (text === undefined ? [] : [{ title, text }]));
    const csv = toCsv([exported.map(({ title }) => title), ...rows.map((row) => exported.map(({ text }) => text(row)))]);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csv], { type: 'text/csv;charset=utf-8' }));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return h(
    'button',
    { type: 'button', class: 'quiet', onClick: save, disabled: rows.length === 0, title: `Save as ${file}` },
    'CSV',
  );
};
