/** What a Python expression comes to, where all of its names are known: the values of a param, the size of an argument. */
import { type Node, PythonError } from './python-expression.ts';
import { ownValue } from '../../platform/own-value.ts';

export type Value = number | string | readonly Value[];
export type Known = Readonly<Record<string, Value>>;

const ITEMS_MAX = 100_000;

export const valueOf = (node: Node, known: Known): Value => {
  switch (node.kind) {
    case 'number':
    case 'text':
      return node.value;
    case 'name':
      return namedIn(known, node.name);
    case 'unary':
      return node.sign === '-' ? -numberOf(node.of, known) : Number(!isTrue(valueOf(node.of, known)));
    case 'binary':
      return applied(node.sign, valueOf(node.left, known), valueOf(node.right, known));
    case 'comparison':
      return Number(holds(node, known));
    case 'joined':
      return Number(node.of[node.by === 'and' ? 'every' : 'some']((part) => isTrue(valueOf(part, known))));
    case 'call':
      return called(
        node.name,
        node.args.map((arg) => valueOf(arg, known)),
      );
    case 'index':
      return indexed(listOf(valueOf(node.of, known)), numberOf(node.at, known));
    case 'list':
      return node.items.map((item) => valueOf(item, known));
    case 'comprehension':
      return listOf(valueOf(node.over, known))
        .map((value) => ({ ...known, [node.name]: value }))
        .filter((inner) => node.when === null || isTrue(valueOf(node.when, inner)))
        .map((inner) => valueOf(node.item, inner));
  }
};

const namedIn = (known: Known, name: string): Value => {
  const value = ownValue(known, name);
  if (value === undefined)
    throw new PythonError(`"${name}" is not known; known are ${Object.keys(known).join(', ') || 'no names'}`);
  return value;
};

const isTrue = (value: Value): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

export const numberOf = (node: Node, known: Known): number => numeric(valueOf(node, known));

const numeric = (value: Value | undefined): number => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new PythonError(`${JSON.stringify(value)} is no number`);
  return value;
};

const listOf = (value: Value): readonly Value[] => {
  if (typeof value === 'number' || typeof value === 'string') throw new PythonError(`${value} is no list`);
  return value;
};

const indexed = (list: readonly Value[], at: number): Value => {
  const value = list.at(at);
  if (value === undefined) throw new PythonError(`there is no place ${at} in a list of ${list.length}`);
  return value;
};

const applied = (sign: string, left: Value, right: Value): Value => {
  if (sign === '+' && typeof left === 'object' && typeof right === 'object') return [...left, ...right];
  const [a, b] = [numeric(left), numeric(right)];
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return numeric(a / b);
    case '//':
      return numeric(Math.floor(a / b));
    case '%':
      return numeric(a - Math.floor(a / b) * b);
    case '**':
      return numeric(a ** b);
    default:
      throw new PythonError(`${sign} is not taken`);
  }
};

const holds = ({ first, steps }: Extract<Node, { kind: 'comparison' }>, known: Known): boolean => {
  let left = valueOf(first, known);
  for (const [sign, node] of steps) {
    const right = valueOf(node, known);
    if (!compared(sign, left, right)) return false;
    left = right;
  }
  return true;
};

const compared = (sign: string, left: Value, right: Value): boolean => {
  if (sign === 'in') return listOf(right).includes(left);
  if (sign === 'not in') return !listOf(right).includes(left);
  if (sign === '==') return left === right;
  if (sign === '!=') return left !== right;
  const [a, b] = [numeric(left), numeric(right)];
  if (sign === '<') return a < b;
  if (sign === '<=') return a <= b;
  return sign === '>' ? a > b : a >= b;
};

const called = (name: string, args: readonly Value[]): Value => {
  const [first] = args;
  if (name === 'range') return rangeOf(args.map(numeric));
  if (first === undefined) throw new PythonError(`${name}() takes a value`);
  const flat = args.length === 1 && typeof first === 'object' ? first : args;
  switch (name) {
    case 'list':
    case 'tuple':
      return listOf(first);
    case 'min':
      return Math.min(...flat.map(numeric));
    case 'max':
      return Math.max(...flat.map(numeric));
    case 'len':
      return listOf(first).length;
    case 'int':
      return Math.trunc(numeric(first));
    case 'abs':
      return Math.abs(numeric(first));
    case 'ceil':
    case 'math.ceil':
    case 'np.ceil':
    case 'numpy.ceil':
      return Math.ceil(numeric(first));
    default:
      throw new PythonError(`the function ${name} is not taken`);
  }
};

const rangeOf = ([first = 0, second, step = 1]: readonly number[]): readonly number[] => {
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step));
  if (count > ITEMS_MAX) throw new PythonError(`a range of ${count} values is too long`);
  return Array.from({ length: count }, (_, index) => from + index * step);
};
