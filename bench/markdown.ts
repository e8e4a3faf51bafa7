/** Markdown tables. */

export const table = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [rowOf(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(rowOf)].join('\n');

const rowOf = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
