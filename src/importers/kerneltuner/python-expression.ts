/** The Python that tuning scripts write in texts: arithmetic, comparisons, lists and ranges. Parsed, never run. */

export type Node =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly sign: '-' | 'not'; readonly of: Node }
  | { readonly kind: 'binary'; readonly sign: string; readonly left: Node; readonly right: Node }
  /** `a <= b < c` has two steps. */
  | { readonly kind: 'comparison'; readonly first: Node; readonly steps: readonly (readonly [string, Node])[] }
  | { readonly kind: 'joined'; readonly by: 'and' | 'or'; readonly of: readonly Node[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'index'; readonly of: Node; readonly at: Node }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | {
      readonly kind: 'comprehension';
      readonly item: Node;
      readonly name: string;
      readonly over: Node;
      readonly when: Node | null;
    };

/** What such a text has that cannot be taken. The message names the text. */
export class PythonError extends Error {
  override readonly name = 'PythonError';
}

const CHARS_MAX = 20_000;
const DEPTH_MAX = 64;
const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][\w.]*)|("[^"\\]*"|'[^'\\]*')|(\*\*|\/\/|<=|>=|==|!=|[-+*/%()[\],<>]))/y;
const COMPARING = ['<=', '>=', '==', '!=', '<', '>'];

export const parsePython = (text: string): Node => {
  const parser = new PythonParser(text);
  const node = parser.either();
  parser.end();
  return node;
};

const tokensOf = (text: string): readonly string[] => {
  if (text.length > CHARS_MAX) throw new PythonError(`an expression of ${text.length} characters is too long`);
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new PythonError(`"${text}", character ${from + 1}: this is not taken`);
    tokens.push(match.slice(1).join(''));
  }
  return tokens;
};

class PythonParser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  either(): Node {
    return this.#joined('or', () => this.#joined('and', () => this.#negated()));
  }

  end(): void {
    const rest = this.#peek();
    if (rest !== undefined) throw this.#error(`"${rest}" is not expected`);
  }

  #error(what: string): PythonError {
    return new PythonError(`"${this.#text}": ${what}`);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #accept(...texts: readonly string[]): string | undefined {
    const token = this.#peek();
    if (token === undefined || !texts.includes(token)) return undefined;
    this.#next += 1;
    return token;
  }

  #expect(text: string): void {
    if (this.#accept(text) === undefined) throw this.#error(`"${text}" is missing`);
  }

  #deeper<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.#error(`nested deeper than ${DEPTH_MAX}`);
    const value = inner();
    this.#depth -= 1;
    return value;
  }

  #joined(by: 'and' | 'or', part: () => Node): Node {
    const first = part();
    const parts = [first];
    while (this.#accept(by) !== undefined) parts.push(part());
    return parts.length === 1 ? first : { kind: 'joined', by, of: parts };
  }

  #negated(): Node {
    if (this.#accept('not') === undefined) return this.#comparison();
    return { kind: 'unary', sign: 'not', of: this.#deeper(() => this.#negated()) };
  }

  #comparison(): Node {
    const first = this.#sum();
    const steps: (readonly [string, Node])[] = [];
    for (let sign = this.#comparing(); sign !== null; sign = this.#comparing()) steps.push([sign, this.#sum()]);
    return steps.length === 0 ? first : { kind: 'comparison', first, steps };
  }

  #comparing(): string | null {
    if (this.#peek() === 'not' && this.#tokens[this.#next + 1] === 'in') {
      this.#next += 2;
      return 'not in';
    }
    return this.#accept(...COMPARING, 'in') ?? null;
  }

  #sum(): Node {
    return this.#binary(['+', '-'], () => this.#binary(['*', '//', '/', '%'], () => this.#unary()));
  }

  #binary(signs: readonly string[], part: () => Node): Node {
    let left = part();
    for (let sign = this.#accept(...signs); sign !== undefined; sign = this.#accept(...signs))
      left = { kind: 'binary', sign, left, right: part() };
    return left;
  }

  #unary(): Node {
    if (this.#accept('+') !== undefined) return this.#deeper(() => this.#unary());
    if (this.#accept('-') !== undefined) return { kind: 'unary', sign: '-', of: this.#deeper(() => this.#unary()) };
    const base = this.#indexed();
    if (this.#accept('**') === undefined) return base;
    return { kind: 'binary', sign: '**', left: base, right: this.#deeper(() => this.#unary()) };
  }

  #indexed(): Node {
    let node = this.#deeper(() => this.#primary());
    while (this.#accept('[') !== undefined) {
      node = { kind: 'index', of: node, at: this.#deeper(() => this.either()) };
      this.#expect(']');
    }
    return node;
  }

  #primary(): Node {
    const token = this.#peek();
    if (token === undefined) throw this.#error('it ends where a value is expected');
    this.#next += 1;
    if (token === '[') return this.#list(']');
    if (token === '(') return this.#bracketed();
    if (/^[\d.]/.test(token)) return { kind: 'number', value: Number(token) };
    if (/^["']/.test(token)) return { kind: 'text', value: token.slice(1, -1) };
    if (!/^[A-Za-z_]/.test(token)) throw this.#error(`"${token}" is not expected`);
    if (token === 'True' || token === 'False') return { kind: 'number', value: token === 'True' ? 1 : 0 };
    if (this.#accept('(') === undefined) return { kind: 'name', name: token };
    return { kind: 'call', name: token, args: this.#items(')') };
  }

  /** A parenthesis around one value, or a tuple, which is taken for a list. */
  #bracketed(): Node {
    const items = this.#items(')');
    const [only] = items;
    const isTuple = items.length !== 1 || this.#tokens[this.#next - 2] === ',';
    return isTuple || only === undefined ? { kind: 'list', items } : only;
  }

  #list(end: string): Node {
    if (this.#accept(end) !== undefined) return { kind: 'list', items: [] };
    const first = this.either();
    if (this.#accept('for') === undefined) return { kind: 'list', items: [first, ...this.#more(end)] };
    const name = this.#peek() ?? '';
    this.#next += 1;
    this.#expect('in');
    const over = this.#joined('or', () => this.#sum());
    const when = this.#accept('if') === undefined ? null : this.either();
    this.#expect(end);
    return { kind: 'comprehension', item: first, name, over, when };
  }

  #items(end: string): readonly Node[] {
    if (this.#accept(end) !== undefined) return [];
    return [this.either(), ...this.#more(end)];
  }

  #more(end: string): readonly Node[] {
    const items: Node[] = [];
    while (this.#accept(',') !== undefined && this.#peek() !== end) items.push(this.either());
    this.#expect(end);
    return items;
  }
}
