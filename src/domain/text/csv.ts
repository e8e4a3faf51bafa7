/** Tables for spreadsheets (RFC 4180). */

/** A spreadsheet would run a cell that begins so as a formula; names and params come from candidates. */
const FORMULA = /^[=+\-@\t\r]/u;

/** `lineBreak`: what other tools of a shell expect, where it is for them. */
export const toCsv = (rows: readonly (readonly (string | number | null)[])[], lineBreak: '\n' | '\r\n' = '\r\n'): string =>
  rows.map((row) => `${row.map(cellOf).join(',')}${lineBreak}`).join('');

const cellOf = (value: string | number | null): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
