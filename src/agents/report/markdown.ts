/** Markdown in which foreign text stays text: it is always inside a code span, where nothing is a link, a tag or a mention. */
import { plainLine } from '../../platform/printable-text.ts';

const CODE_CHARS_MAX = 160;

/** One line of foreign text; "-" when there is none. */
export const code = (text: string, charsMax = CODE_CHARS_MAX): string => {
  const line = plainLine(text, charsMax).replaceAll('`', "'");
  return line === '' ? '-' : `\`${line}\``;
};

/** `align`: one letter a column, l or r. Cells are Markdown already. */
export const markdownTable = (
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  align: string = 'l'.repeat(titles.length),
): string => {
  const rule = Array.from(align, (letter) => (letter === 'r' ? '---:' : '---'));
  return [titles, rule, ...rows].map((cells) => `| ${cells.map(cellOf).join(' | ')} |`).join('\n');
};

/** Also inside a code span, a bar ends the cell. */
const cellOf = (text: string): string => text.replaceAll('|', String.raw`\|`);

/** A heading with what belongs under it; nothing at all where there is nothing to say. */
export const section = (heading: string, ...parts: readonly string[]): readonly string[] => {
  const filled = parts.filter((part) => part !== '');
  return filled.length === 0 ? [] : [`## ${heading}`, ...filled];
};
