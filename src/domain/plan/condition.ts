/**
 * Conditions on params: `BLOCK * VEC <= 1024`, `LAYOUT == "row" or VEC == 1`. Arithmetic as in expressions, compared by `< <= > >= == !=`, joined by
 * `and`, `or`, `not` (also `&& || !`) and parentheses. Texts, in quotes or as the value of a param, are compared by `==` and `!=` alone.
 */
import { type Compiled, ExpressionError, type Names, Parser, type Token, tokenize } from './expression-parser.ts';

export const TOKENS = {
  pattern: /\s*(?:(\d+)|([A-Za-z_]\w*)|("[^"]*"|'[^']*')|(<=|>=|==|!=|&&|\|\||[-+*/%(),<>!]))/y,
  allowed: 'integers, names, texts in quotes, + - * / % ( ) , < <= > >= == != and or not',
};
const COMPARISONS = ['<=', '>=', '==', '!=', '<', '>'] as const;
const ARITHMETIC = ['+', '-', '*', '/', '%', '('];

export type Condition = Compiled<boolean>;

/** Throws ExpressionError for a text that is no condition. The function throws one for names that are not there. */
export const compileCondition = (text: string): Condition => {
  const parser = new Parser(text, tokenize(text, TOKENS), parseCondition);
  const condition = parseCondition(parser);
  parser.end();
  return condition;
};

/** What stands next in the text. */
export const parseCondition = (parser: Parser): Condition => either(parser);

const either = (parser: Parser): Condition => {
  const parts = [both(parser)];
  while (parser.accept('or', '||')) parts.push(both(parser));
  return parts.length === 1 && parts[0] ? parts[0] : (names) => parts.some((part) => part(names));
};

const both = (parser: Parser): Condition => {
  const parts = [negated(parser)];
  while (parser.accept('and', '&&')) parts.push(negated(parser));
  return parts.length === 1 && parts[0] ? parts[0] : (names) => parts.every((part) => part(names));
};

const negated = (parser: Parser): Condition => {
  if (!parser.accept('not', '!')) return bracketed(parser);
  const inner = parser.nested(() => negated(parser));
  return (names) => !inner(names);
};

/** A parenthesis may hold a condition or begin a sum: the first reading that goes on rightly stands. */
const bracketed = (parser: Parser): Condition => {
  const { place } = parser;
  if (!parser.accept('(')) return comparison(parser);
  try {
    const inner = parser.nested(() => either(parser));
    parser.expect(')');
    if (!isSum(parser.peek())) return inner;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
  }
  parser.backTo(place);
  return comparison(parser);
};

const isSum = (token: Token | undefined): boolean =>
  token !== undefined && (ARITHMETIC.includes(token.text) || COMPARISONS.some((comparing) => comparing === token.text));

const comparison = (parser: Parser): Condition => {
  const left = operand(parser);
  const sign = parser.take();
  const compare = COMPARISONS.find((one) => one === sign.text);
  if (!compare) throw parser.error(sign, `a comparison (${COMPARISONS.join(' ')}) is expected, not "${sign.text}"`);
  const right = operand(parser);
  return (names) => compared(compare, [left(names), right(names)], (what) => parser.error(sign, what));
};

type Operand = Compiled<number | string>;

const operand = (parser: Parser): Operand => {
  const token = parser.peek();
  if (token && /^["']/.test(token.text)) {
    parser.take();
    return () => token.text.slice(1, -1);
  }
  const following = parser.peek(1);
  const isAlone = !following || !ARITHMETIC.includes(following.text);
  if (!token || !isAlone || !/^[A-Za-z_]/.test(token.text)) return parser.sum();
  parser.take();
  return (names: Names) => parser.valueOf(token, names);
};

const compared = (
  sign: (typeof COMPARISONS)[number],
  [a, b]: readonly [number | string, number | string],
  errorOf: (what: string) => ExpressionError,
): boolean => {
  if (typeof a !== typeof b) throw errorOf(`"${a}" and "${b}" cannot be compared: one is an integer, the other a text`);
  if (sign === '==') return a === b;
  if (sign === '!=') return a !== b;
  if (typeof a === 'string' || typeof b === 'string') throw errorOf(`texts are compared by == and != alone, not by ${sign}`);
  if (sign === '<') return a < b;
  if (sign === '<=') return a <= b;
  return sign === '>' ? a > b : a >= b;
};
