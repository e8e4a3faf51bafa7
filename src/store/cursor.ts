/** Where a page of candidates goes on: what callers are told as opaque. */
import { KilnError } from '../domain/errors.ts';

/** The submission order that the next page lies below; undefined for the first page. Throws INVALID_REQUEST for what no page told. */
export const orderOf = (cursor: string | undefined): string | undefined => {
  if (cursor === undefined || /^\d{1,18}$/.test(cursor)) return cursor;
  throw new KilnError('INVALID_REQUEST', 'cursor: take it from "next" of the page before, and leave it out for the first one', {
    details: { field: 'cursor' },
  });
};
