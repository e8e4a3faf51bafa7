/** Tokens of C, CUDA and Python, line by line, for colour alone: whatever a source holds, its text comes out unchanged. Pure. */

export type TokenKind = 'comment' | 'string' | 'keyword' | 'type' | 'number' | 'directive' | 'call' | 'text';
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** What a line begins inside of: nothing, a block comment, or a docstring with its quotes. */
export type LineState = '' | '*/' | '"""' | "'''";

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const C_KEYWORDS = words(
  'if else for while do return switch case break continue default goto sizeof typedef struct union enum const static inline extern volatile restrict register auto template typename using namespace constexpr class public private operator asm __global__ __device__ __shared__ __restrict__ __constant__ __launch_bounds__ __forceinline__ __host__ nullptr true false',
);
const C_TYPES = words(
  'void int float double char short long unsigned signed bool half size_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t float2 float4 int2 int4 uint2 uint4 half2 __half __half2 __nv_bfloat16 dim3',
);
const PY_KEYWORDS = words(
  'def return if elif else for while in is not and or import from as with class pass break continue lambda None True False try except finally raise yield global nonlocal assert del',
);

const C_TOKEN = /\/\/.*$|\/\*|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|^\s*#\s*\w+|[A-Za-z_]\w*|\d[\w.]*(?:[eE][+-]?\d+)?|\s+|./gsuy;
const PY_TOKEN = /#.*$|"""|'''|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|@\w[\w.]*|[A-Za-z_]\w*|\d[\w.]*(?:[eE][+-]?\d+)?|\s+|./gsuy;
/** Longer lines are shown without colour: nobody reads them, and each token is an element of the page. */
const LINE_CHARS_MAX = 2000;

/** The tokens of a line that begins in `state`, and the state that the next one begins in. */
export const highlightLine = (
  line: string,
  state: LineState,
  language: string,
): { readonly tokens: readonly Token[]; readonly next: LineState } => {
  const isPython = language === 'triton';
  const tokens: Token[] = [];
  const isLong = line.length > LINE_CHARS_MAX;
  let at = 0;
  let inside = state;
  while (at < line.length) {
    if (inside !== '') {
      const end = line.indexOf(inside, at);
      const to = end < 0 ? line.length : end + inside.length;
      if (!isLong) tokens.push({ kind: inside === '*/' ? 'comment' : 'string', text: line.slice(at, to) });
      if (end >= 0) inside = '';
      at = to;
      continue;
    }
    const pattern = isPython ? PY_TOKEN : C_TOKEN;
    pattern.lastIndex = at;
    const text = pattern.exec(line)?.[0] ?? line.slice(at);
    if (text === '/*') inside = '*/';
    else if (text === '"""' || text === "'''") inside = text;
    if (!isLong)
      tokens.push({
        kind: inside === '' ? kindOf(text, line.slice(at + text.length), isPython) : inside === '*/' ? 'comment' : 'string',
        text,
      });
    at += text.length;
  }
  return { tokens: isLong ? [{ kind: 'text', text: line }] : joined(tokens), next: inside };
};

const kindOf = (text: string, rest: string, isPython: boolean): TokenKind => {
  if (isPython ? text.startsWith('#') : text.startsWith('//')) return 'comment';
  if (/^["']/u.test(text)) return 'string';
  if (/^\s*#\s*\w/u.test(text) || text.startsWith('@')) return text.length > 1 ? 'directive' : 'text';
  if (/^\d/u.test(text)) return 'number';
  if ((isPython ? PY_KEYWORDS : C_KEYWORDS).has(text)) return 'keyword';
  if (!isPython && C_TYPES.has(text)) return 'type';
  return /^[A-Za-z_]/u.test(text) && rest.startsWith('(') ? 'call' : 'text';
};

/** Neighbours of one kind are one element. */
const joined = (tokens: readonly Token[]): readonly Token[] => {
  const out: Token[] = [];
  for (const token of tokens) {
    const last = out.at(-1);
    if (last?.kind === token.kind) out[out.length - 1] = { kind: token.kind, text: last.text + token.text };
    else out.push(token);
  }
  return out;
};

/** What each line begins inside of. */
export const lineStates = (lines: readonly string[], language: string): readonly LineState[] => {
  let state: LineState = '';
  return lines.map((line) => {
    const own = state;
    state = highlightLine(line, own, language).next;
    return own;
  });
};
