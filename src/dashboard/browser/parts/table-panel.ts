/** A table in a panel of its own, which can be saved as CSV, and says what to do where it is empty. */
import { h, type ComponentChildren, type JSX } from 'preact';
import { Panel } from './elements.ts';
import { type Column, CsvButton, VirtualTable } from './virtual-table.ts';

interface Props<Row> {
  readonly title: string;
  readonly note?: ComponentChildren;
  /** Of the export: "queue.csv". */
  readonly file: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** In place of a table without rows. */
  readonly whenEmpty: JSX.Element;
}

export const TablePanel = <Row>({ title, note, file, columns, rows, keyOf, whenEmpty }: Props<Row>): JSX.Element =>
  h(
    Panel,
    {
      title,
      isFlush: true,
      ...(note === undefined ? {} : { note }),
      actions: h(CsvButton<Row>, { file, columns, rows }),
    },
    rows.length === 0 ? whenEmpty : h(VirtualTable<Row>, { caption: title, columns, rows, keyOf }),
  );
