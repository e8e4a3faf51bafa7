/**
 * Launch-plan expressions: integers, names, `+ - * / %`, parentheses and `ceil_div min max next_pow2 log2`.
 * `/` and `%` are integer division and remainder towards zero; every intermediate value must be a safe integer.
 */
const EXPRESSION_CHARS_MAX = 500;
const NESTING_MAX = 32;

export type Scope = Readonly<Record<string, number>>;

/** A bad expression. `message` names the expression, the position (from 1) and what is allowed there. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

const FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly apply: (...xs: number[]) => number }>> = {
  ceil_div: { arity: 2, apply: (a = 0, b = 0) => (b === 0 ? Number.NaN : Math.ceil(a / b)) },
  min: { arity: 2, apply: Math.min },
  max: { arity: 2, apply: Math.max },
  next_pow2: { arity: 1, apply: (a = 0) => (a <= 1 ? 1 : 2 ** bitsOf(a - 1)) },
  log2: { arity: 1, apply: (a = 0) => (a < 1 ? Number.NaN : bitsOf(a) - 1) },
};

/** They cannot name anything else. */
export const isFunctionName = (name: string): boolean => Object.hasOwn(FUNCTIONS, name);

/** Names that stand in an expression, functions left out. */
export const namesIn = (expression: string | number): readonly string[] =>
  typeof expression === 'number' ? [] : (expression.match(/[A-Za-z_]\w*/g) ?? []).filter((name) => !isFunctionName(name));

/** Exact, which Math.log2 is not near large powers of two. */
const bitsOf = (value: number): number => value.toString(2).length;

const TOKEN = /\s*(?:(\d+)|([A-Za-z_]\w*)|([-+*/%(),]))/y;

interface Token {
  readonly text: string;
  readonly at: number;
}

/** Value of `expression` under `scope`. Throws ExpressionError naming what is wrong and where. */
export const evaluate = (expression: string | number, scope: Scope): number => {
  if (typeof expression === 'number') return checkedInteger(expression, String(expression));
  if (expression.length > EXPRESSION_CHARS_MAX) {
    throw new ExpressionError(`expression of ${expression.length} characters; the limit is ${EXPRESSION_CHARS_MAX}`);
  }
  return new Evaluation(expression, scope).run();
};

const checkedInteger = (value: number, expression: string): number => {
  if (!Number.isSafeInteger(value)) {
    throw new ExpressionError(
      `"${expression}" is not a safe integer (got ${value}): check for a division by zero or an overflow`,
    );
  }
  return value + 0; // never -0
};

class Evaluation {
  readonly #text: string;
  readonly #scope: Scope;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string, scope: Scope) {
    this.#text = text;
    this.#scope = scope;
    this.#tokens = tokenize(text);
  }

  run(): number {
    const value = this.#sum();
    const rest = this.#tokens[this.#next];
    if (rest) throw this.#error(rest, `unexpected "${rest.text}"`);
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (let op = this.#accept('+', '-'); op; op = this.#accept('+', '-')) {
      const right = this.#product();
      value = checkedInteger(op.text === '+' ? value + right : value - right, this.#text);
    }
    return value;
  }

  #product(): number {
    let value = this.#unary();
    for (let op = this.#accept('*', '/', '%'); op; op = this.#accept('*', '/', '%')) {
      const right = this.#unary();
      if (op.text !== '*' && right === 0) throw this.#error(op, 'division by zero');
      value = checkedInteger(applyProduct(op.text, value, right), this.#text);
    }
    return value;
  }

  #unary(): number {
    if (this.#accept('-')) return 0 - this.#nested(() => this.#unary());
    return this.#primary();
  }

  #primary(): number {
    const token = this.#tokens[this.#next];
    if (!token) throw new ExpressionError(`"${this.#text}" ends where a value is expected`);
    this.#next += 1;
    if (/^\d/.test(token.text)) return checkedInteger(Number(token.text), this.#text);
    if (token.text === '(') {
      const value = this.#nested(() => this.#sum());
      this.#expect(')');
      return value;
    }
    if (/^[A-Za-z_]/.test(token.text)) return this.#accept('(') ? this.#call(token) : this.#name(token);
    throw this.#error(token, `unexpected "${token.text}"`);
  }

  #call(token: Token): number {
    const known = Object.hasOwn(FUNCTIONS, token.text) ? FUNCTIONS[token.text] : undefined;
    if (!known) throw this.#error(token, `unknown function "${token.text}"; known are ${Object.keys(FUNCTIONS).join(', ')}`);
    const values = [this.#nested(() => this.#sum())];
    while (this.#accept(',')) values.push(this.#nested(() => this.#sum()));
    this.#expect(')');
    if (values.length !== known.arity) {
      throw this.#error(token, `${token.text} takes ${known.arity} values, got ${values.length}`);
    }
    return checkedInteger(known.apply(...values), this.#text);
  }

  #name(token: Token): number {
    const value = Object.hasOwn(this.#scope, token.text) ? this.#scope[token.text] : undefined;
    if (value === undefined) {
      const known = Object.keys(this.#scope).join(', ') || 'none';
      throw this.#error(token, `unknown name "${token.text}"; known are ${known}`);
    }
    return value;
  }

  #nested(inner: () => number): number {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) throw new ExpressionError(`"${this.#text}" is nested deeper than ${NESTING_MAX}`);
    const value = inner();
    this.#depth -= 1;
    return value;
  }

  #accept(...texts: readonly string[]): Token | undefined {
    const token = this.#tokens[this.#next];
    if (!token || !texts.includes(token.text)) return undefined;
    this.#next += 1;
    return token;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw new ExpressionError(`"${this.#text}" misses a "${text}"`);
  }

  #error(token: Token, what: string): ExpressionError {
    return new ExpressionError(`"${this.#text}", character ${token.at + 1}: ${what}`);
  }
}

const applyProduct = (op: string, a: number, b: number): number => {
  if (op === '*') return a * b;
  return op === '/' ? Math.trunc(a / b) : a % b;
};

const tokenize = (text: string): readonly Token[] => {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new ExpressionError(`"${text}", character ${from + 1}: only integers, names, + - * / % ( ) , are allowed`);
    const found = match[1] ?? match[2] ?? match[3] ?? '';
    tokens.push({ text: found, at: TOKEN.lastIndex - found.length });
  }
  return tokens;
};
