/** Fenced blocks as models write them: indented, untagged, unclosed, and around sources whose comments hold fences of their own. */

export interface Block {
  readonly content: string;
  /** The line of text before it. */
  readonly intro: string;
  readonly isClosed: boolean;
}

/** Blocks that are read, and fences that are tried as the end of one. */
const BLOCKS_MAX = 100;
const ENDS_MAX = 20;

const OPEN = /^([ \t]*)(`{3,}|~{3,})[^`\n]*$/u;

export const fencedBlocks = (text: string): readonly Block[] => {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let intro = '';
  for (let at = 0; at < lines.length && blocks.length < BLOCKS_MAX; at += 1) {
    const line = lines[at] ?? '';
    const [, indent, fence] = OPEN.exec(line.replace(/\r$/, '')) ?? [];
    if (fence === undefined || indent === undefined) {
      if (line.trim() !== '') intro = line;
      continue;
    }
    const { end, isClosed } = endOf(lines, at + 1, fence);
    const content = lines.slice(at + 1, end).map((inner) => withoutIndent(inner, indent));
    blocks.push({ content: content.length === 0 ? '' : `${content.join('\n')}\n`, intro, isClosed });
    intro = '';
    at = end;
  }
  return blocks;
};

const withoutIndent = (line: string, indent: string): string => (line.startsWith(indent) ? line.slice(indent.length) : line);

/** A fence within a comment or a docstring of the source does not end it, unless nothing else does. */
const endOf = (lines: readonly string[], from: number, fence: string): { readonly end: number; readonly isClosed: boolean } => {
  const close = new RegExp(String.raw`^[ \t]*${fence[0] ?? ''}{${fence.length},}[ \t]*\r?$`, 'u');
  const ends: number[] = [];
  for (let at = from; at < lines.length && ends.length < ENDS_MAX; at += 1) if (close.test(lines[at] ?? '')) ends.push(at);
  const outside = ends.find((end) => !endsInComment(lines.slice(from, end).join('\n')));
  const end = outside ?? ends[0];
  return end === undefined ? { end: lines.length, isClosed: false } : { end, isClosed: true };
};

const IN_C = /\/\/[^\n]*|\/\*[\s\S]*?(\*\/|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/gu;
const IN_PYTHON = /#[^\n]*|("""|''')[\s\S]*?(\1|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/gu;

/** `text` is the beginning of a file: a comment or docstring at its end is still open. */
const endsInComment = (text: string): boolean =>
  /^\s*(?:#|[rR]?"""|[rR]?'''|import\s|from\s|@)/u.test(text) && !/^\s*#\s*(?:include|define|pragma|if)/u.test(text)
    ? [...text.matchAll(IN_PYTHON)].some(([, opened, closed]) => opened !== undefined && closed === '')
    : [...text.matchAll(IN_C)].some(([token, closed]) => token.startsWith('/*') && closed === '');
