/**
 * A list that is read newest first, in pages, while it grows at its top. The first page is read again as things happen; what is behind it stays as it was
 * read. What the first page no longer holds, since newer rows came, is kept as soon as somebody has read on behind it. Pure.
 */
export interface ReadPage<Row> {
  readonly rows: readonly Row[];
  /** Where the page behind it begins; null: there is none. */
  readonly next: string | null;
}

export interface NewestFirst<Row> extends ReadPage<Row> {
  /** Pages behind the first one were read. */
  readonly hasOlder: boolean;
}

type KeyOf<Row> = (row: Row) => string;

/** The first page, read anew. Where more came than a page holds, what lies between is not known: the list begins anew. */
export const withFirst = <Row>(list: NewestFirst<Row> | null, page: ReadPage<Row>, keyOf: KeyOf<Row>): NewestFirst<Row> => {
  if (list === null || !list.hasOlder) return { ...page, hasOlder: false };
  const fresh = new Set(page.rows.map(keyOf));
  const lastKnown = list.rows.findLastIndex((row) => fresh.has(keyOf(row)));
  if (lastKnown < 0) return { ...page, hasOlder: false };
  return { ...list, rows: [...page.rows, ...list.rows.slice(lastKnown + 1)] };
};

/** The page behind all that is known. `cursor`: that it was asked with; a page behind another place is of no use. */
export const withOlder = <Row>(list: NewestFirst<Row>, cursor: string, page: ReadPage<Row>): NewestFirst<Row> =>
  list.next === cursor ? { rows: [...list.rows, ...page.rows], next: page.next, hasOlder: true } : list;
