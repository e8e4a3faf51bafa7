/** A source map of whole lines: each line of the file is a line of some module. Browsers ask for it when their tools are opened. */

export interface MappedLines {
  readonly source: string;
  readonly content: string;
  /** First line in the file, from 0. */
  readonly from: number;
  readonly count: number;
}

/** `parts` in the order of the file, line by line from the beginning of each source. */
export const lineMap = (file: string, parts: readonly MappedLines[]): string => {
  const lines: string[] = [];
  let last = { source: 0, line: 0 };
  parts.forEach(({ from, count }, source) => {
    while (lines.length < from) lines.push('');
    for (let line = 0; line < count; line += 1) {
      lines.push([0, source - last.source, line - last.line, 0].map(digits).join(''));
      last = { source, line };
    }
  });
  return JSON.stringify({
    version: 3,
    file,
    sources: parts.map(({ source }) => source),
    sourcesContent: parts.map(({ content }) => content),
    names: [],
    mappings: lines.join(';'),
  });
};

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGIT_BITS = 5;
const DIGIT_MAX = 31;
const MORE = 32;

/** The sign is the lowest bit; five bits a digit, the lowest first. */
const digits = (value: number): string => {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & DIGIT_MAX;
    rest >>>= DIGIT_BITS;
    text += BASE64[rest > 0 ? digit | MORE : digit];
  } while (rest > 0);
  return text;
};
