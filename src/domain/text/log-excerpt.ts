/** Cuts a compiler's log to what helps: the lines before and after its first error. Pure. */

/** nvcc, NVRTC and gcc say "error:", Triton ends with "…Error: …". */
const ERROR_LINE = /\berror\b|Error\b/i;
const LINES_BEFORE = 3;

/** At most `charsMax` characters; what was cut away is counted. */
export const aroundFirstError = (log: string, charsMax: number): string => {
  const text = log.trim();
  if (text.length <= charsMax) return text;
  const from = startOf(text, charsMax);
  const [before, room] = [from > 0 ? cut(from) : '', charsMax - MARK_CHARS_MAX * 2];
  const end = Math.min(text.length, from + room);
  const after = end < text.length ? cut(text.length - end) : '';
  return [before, text.slice(from, end), after].filter((part) => part !== '').join('\n');
};

/** Where the excerpt begins: some whole lines before the first error, unless they are too long. */
const startOf = (text: string, charsMax: number): number => {
  const error = Math.max(0, text.search(ERROR_LINE));
  let lineStart = text.lastIndexOf('\n', error) + 1;
  for (let lines = 0; lines < LINES_BEFORE && lineStart > 0; lines += 1) lineStart = text.lastIndexOf('\n', lineStart - 2) + 1;
  return Math.max(lineStart, error - Math.floor(charsMax / 2));
};

const cut = (chars: number): string => `[… ${chars} characters cut …]`;
/** Room for a mark and its line break. */
const MARK_CHARS_MAX = 48;
