/**
 * Launch-plan expressions: integers, names, `+ - * / %`, parentheses, `ceil_div min max next_pow2 log2` and `if(condition, a, b)` (condition.ts).
 * `/` and `%` are integer division and remainder towards zero; every intermediate value must be a safe integer.
 */
import { BoundedMap } from '../../platform/bounded-map.ts';
import { parseCondition, TOKENS } from './condition.ts';
import { checkedInteger, isFunctionName, Parser, tokenize } from './expression-parser.ts';

export { ExpressionError, isFunctionName } from './expression-parser.ts';

export type Scope = Readonly<Record<string, number>>;

/** Names that stand in an expression, functions left out. */
export const namesIn = (expression: string | number): readonly string[] =>
  typeof expression === 'number'
    ? []
    : (expression.replaceAll(QUOTED, '').match(/[A-Za-z_]\w*/g) ?? []).filter((name) => !isFunctionName(name));

/** Words that a param is compared with. */
const QUOTED = /"[^"]*"|'[^']*'/g;

type Parsed = (scope: Scope) => number;

/** A plan's expressions are evaluated for each case, and for every hidden case that is drawn; they are parsed once. */
const known = new BoundedMap<string, Parsed>(1000);
/** Longer ones are parsed each time, so that what is kept stays small. */
const KNOWN_LENGTH_MAX = 200;

/** Value of `expression` under `scope`. Throws ExpressionError naming what is wrong and where. */
export const evaluate = (expression: string | number, scope: Scope): number => {
  if (typeof expression === 'number') return checkedInteger(expression, String(expression));
  return (known.get(expression) ?? parsed(expression))(scope);
};

const parsed = (expression: string): Parsed => {
  const parser = new Parser(expression, tokenize(expression, TOKENS), parseCondition);
  const value = parser.sum();
  parser.end();
  if (expression.length <= KNOWN_LENGTH_MAX) known.set(expression, value);
  return value;
};
