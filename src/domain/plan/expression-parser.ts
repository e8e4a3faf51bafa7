/** What expressions and conditions are made of: tokens, and the arithmetic over them. A text is parsed once and then runs as a function. */
import { ownValue } from '../../platform/own-value.ts';

const EXPRESSION_CHARS_MAX = 500;
const NESTING_MAX = 32;
/** Tokens taken while a text is parsed. One of 500 characters takes some hundreds; readings that are tried in vain must not double at each level. */
const STEPS_MAX = 5000;

/** Values by name. Expressions compute with the integers; conditions also compare texts. */
export type Names = Readonly<Record<string, number | string>>;
export type Compiled<T> = (names: Names) => T;

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

/** `if(condition, a, b)`: the value that is not chosen is not computed. */
const CHOICE = 'if';
const WORDS: readonly string[] = [CHOICE, 'and', 'or', 'not'];

/** They cannot name anything else. */
export const isFunctionName = (name: string): boolean => Object.hasOwn(FUNCTIONS, name) || WORDS.includes(name);

/** Exact, which Math.log2 is not near large powers of two. */
const bitsOf = (value: number): number => value.toString(2).length;

export interface Token {
  readonly text: string;
  readonly at: number;
}

export const checkedInteger = (value: number, expression: string): number => {
  if (!Number.isSafeInteger(value)) {
    throw new ExpressionError(
      `"${expression}" is not a safe integer (got ${value}): check for a division by zero or an overflow`,
    );
  }
  return value + 0; // never -0
};

/** `pattern`: sticky; its groups are the tokens. `allowed`: what may stand in such a text, in words. */
export const tokenize = (
  text: string,
  { pattern, allowed }: { readonly pattern: RegExp; readonly allowed: string },
): readonly Token[] => {
  if (text.length > EXPRESSION_CHARS_MAX)
    throw new ExpressionError(`expression of ${text.length} characters; the limit is ${EXPRESSION_CHARS_MAX}`);
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.trimEnd().length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) throw new ExpressionError(`"${text}", character ${from + 1}: only ${allowed} are allowed`);
    const found = match.slice(1).join('');
    tokens.push({ text: found, at: pattern.lastIndex - found.length });
  }
  return tokens;
};

const applyProduct = (op: string, a: number, b: number): number => {
  if (op === '*') return a * b;
  return op === '/' ? Math.trunc(a / b) : a % b;
};

/** Sums, products and calls over a list of tokens. What goes beyond arithmetic is built on it (condition.ts). */
export class Parser {
  readonly text: string;
  readonly #tokens: readonly Token[];
  readonly #condition: (parser: Parser) => Compiled<boolean>;
  #next = 0;
  #depth = 0;
  #steps = 0;

  /** `condition`: how one is read where a choice begins with it. */
  constructor(text: string, tokens: readonly Token[], condition: (parser: Parser) => Compiled<boolean>) {
    this.text = text;
    this.#tokens = tokens;
    this.#condition = condition;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  accept(...texts: readonly string[]): Token | undefined {
    const token = this.peek();
    if (!token || !texts.includes(token.text)) return undefined;
    this.#step();
    return token;
  }

  take(): Token {
    const token = this.peek();
    if (!token) throw new ExpressionError(`"${this.text}" ends where a value is expected`);
    this.#step();
    return token;
  }

  #step(): void {
    this.#next += 1;
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) throw new ExpressionError(`"${this.text}" is nested in too many ways: use fewer parentheses`);
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new ExpressionError(`"${this.text}" misses a "${text}"`);
  }

  end(): void {
    const rest = this.peek();
    if (rest) throw this.error(rest, `unexpected "${rest.text}"`);
  }

  /** To try one reading of what follows, and then another. */
  get place(): number {
    return this.#next;
  }

  backTo(place: number): void {
    this.#next = place;
  }

  nested<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) throw new ExpressionError(`"${this.text}" is nested deeper than ${NESTING_MAX}`);
    try {
      return inner();
    } finally {
      this.#depth -= 1;
    }
  }

  error(token: Token, what: string): ExpressionError {
    return new ExpressionError(`"${this.text}", character ${token.at + 1}: ${what}`);
  }

  sum(): Compiled<number> {
    let value = this.#product();
    for (let op = this.accept('+', '-'); op; op = this.accept('+', '-')) {
      const [left, right, isSum] = [value, this.#product(), op.text === '+'];
      value = (names) => checkedInteger(isSum ? left(names) + right(names) : left(names) - right(names), this.text);
    }
    return value;
  }

  #product(): Compiled<number> {
    let value = this.#unary();
    for (let op = this.accept('*', '/', '%'); op; op = this.accept('*', '/', '%')) {
      value = this.#applied(op, value, this.#unary());
    }
    return value;
  }

  #applied(op: Token, left: Compiled<number>, right: Compiled<number>): Compiled<number> {
    return (names) => {
      const [a, b] = [left(names), right(names)];
      if (op.text !== '*' && b === 0) throw this.error(op, 'division by zero');
      return checkedInteger(applyProduct(op.text, a, b), this.text);
    };
  }

  #unary(): Compiled<number> {
    if (!this.accept('-')) return this.#primary();
    const inner = this.nested(() => this.#unary());
    return (names) => 0 - inner(names);
  }

  #primary(): Compiled<number> {
    const token = this.take();
    if (/^\d/.test(token.text)) {
      const value = checkedInteger(Number(token.text), this.text);
      return () => value;
    }
    if (token.text === '(') {
      const value = this.nested(() => this.sum());
      this.expect(')');
      return value;
    }
    if (/^[A-Za-z_]/.test(token.text)) return this.accept('(') ? this.#call(token) : this.#name(token);
    throw this.error(token, `unexpected "${token.text}"`);
  }

  #choice(): Compiled<number> {
    const condition = this.nested(() => this.#condition(this));
    this.expect(',');
    const chosen = this.nested(() => this.sum());
    this.expect(',');
    const other = this.nested(() => this.sum());
    this.expect(')');
    return (names) => (condition(names) ? chosen(names) : other(names));
  }

  #call(token: Token): Compiled<number> {
    if (token.text === CHOICE) return this.#choice();
    const known = ownValue(FUNCTIONS, token.text);
    if (!known)
      throw this.error(token, `unknown function "${token.text}"; known are ${[...Object.keys(FUNCTIONS), CHOICE].join(', ')}`);
    const values = [this.nested(() => this.sum())];
    while (this.accept(',')) values.push(this.nested(() => this.sum()));
    this.expect(')');
    if (values.length !== known.arity) {
      throw this.error(token, `${token.text} takes ${known.arity} values, got ${values.length}`);
    }
    return (names) => checkedInteger(known.apply(...values.map((value) => value(names))), this.text);
  }

  #name(token: Token): Compiled<number> {
    return (names) => {
      const value = this.valueOf(token, names);
      if (typeof value === 'number') return value;
      throw this.error(token, `${token.text} is the text "${value}", and this computes with integers`);
    };
  }

  /** Throws for a name that is not there. */
  valueOf(token: Token, names: Names): number | string {
    const value = ownValue(names, token.text);
    if (value !== undefined) return value;
    const known = Object.keys(names).join(', ') || 'none';
    throw this.error(token, `unknown name "${token.text}"; known are ${known}`);
  }
}
