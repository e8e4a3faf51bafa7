/**
 * Python's arithmetic and conditions in the words of a launch plan. Where Python divides to a fraction, both sides of a comparison are multiplied instead: values of params
 * are taken to be positive there. `//` and `%` are those of numbers that are not negative.
 */
import { type Node, PythonError } from './python-expression.ts';

/** `over` null: a whole number. */
interface Fraction {
  readonly top: string;
  readonly over: string | null;
}

const POWER_MAX = 4;
const whole = (top: string): Fraction => ({ top, over: null });
const isAtom = (text: string): boolean => /^\w+$/.test(text) || /^\w+\([^()]*\)$/.test(text);
const bracketed = (text: string): string => (isAtom(text) ? text : `(${text})`);
const times = (a: string, b: string | null): string => (b === null || b === '1' ? a : `${bracketed(a)} * ${bracketed(b)}`);

/** Rounded down where it is a fraction. */
export const wholeText = (node: Node): string => roundedDown(fractionOf(node));

const roundedDown = ({ top, over }: Fraction): string => (over === null ? top : `${bracketed(top)} / ${bracketed(over)}`);

/** How many pieces of `by` hold `size`. */
export const ceilDivText = (size: string, by: readonly string[]): string => {
  const product = by
    .filter((one) => one !== '1')
    .map(bracketed)
    .join(' * ');
  return product === '' ? size : `ceil_div(${size}, ${product})`;
};

export const conditionText = (node: Node): string => {
  switch (node.kind) {
    case 'joined':
      return node.of
        .map((part) => (part.kind === 'joined' ? `(${conditionText(part)})` : conditionText(part)))
        .join(` ${node.by} `);
    case 'unary':
      return node.sign === 'not' ? `not (${conditionText(node.of)})` : `${bracketed(wholeText(node))} != 0`;
    case 'comparison':
      return node.steps
        .map(([sign, right], index) => stepText(sign, index === 0 ? node.first : stepBefore(node, index), right))
        .join(' and ');
    case 'number':
    case 'text':
    case 'name':
    case 'binary':
    case 'call':
    case 'index':
    case 'list':
    case 'comprehension':
      // Python takes a number for true where it is not zero.
      return `${bracketed(fractionOf(node).top)} != 0`;
  }
};

const stepBefore = ({ steps, first }: Extract<Node, { kind: 'comparison' }>, index: number): Node =>
  steps[index - 1]?.[1] ?? first;

const stepText = (sign: string, left: Node, right: Node): string => {
  if (sign === 'in' || sign === 'not in') return memberText(sign, left, right);
  if (left.kind === 'text' || right.kind === 'text') return `${plainText(left)} ${sign} ${plainText(right)}`;
  const [a, b] = [fractionOf(left), fractionOf(right)];
  return `${times(a.top, b.over)} ${sign} ${times(b.top, a.over)}`;
};

const plainText = (node: Node): string => (node.kind === 'text' ? JSON.stringify(node.value) : wholeText(node));

const memberText = (sign: 'in' | 'not in', left: Node, right: Node): string => {
  if (right.kind !== 'list') throw new PythonError(`"${sign}" is taken with a list of values alone`);
  const [comparing, joining] = sign === 'in' ? ['==', ' or '] : ['!=', ' and '];
  return `(${right.items.map((item) => stepText(comparing, left, item)).join(joining)})`;
};

const fractionOf = (node: Node): Fraction => {
  switch (node.kind) {
    case 'number':
      if (!Number.isInteger(node.value)) throw new PythonError(`${node.value}: only whole numbers are taken`);
      return whole(String(node.value));
    case 'name':
      return whole(node.name);
    case 'unary':
      return node.sign === '-' ? negative(fractionOf(node.of)) : notArithmetic(node.kind);
    case 'binary':
      return binary(node.sign, node);
    case 'call':
      return called(node);
    case 'text':
    case 'comparison':
    case 'joined':
    case 'index':
    case 'list':
    case 'comprehension':
      return notArithmetic(node.kind);
  }
};

const negative = ({ top, over }: Fraction): Fraction => ({ top: `-${bracketed(top)}`, over });

const notArithmetic = (what: string): never => {
  throw new PythonError(`a ${what} is not taken in arithmetic`);
};

const binary = (sign: string, { left, right }: Extract<Node, { kind: 'binary' }>): Fraction => {
  if (sign === '**') return power(fractionOf(left), right);
  const [a, b] = [fractionOf(left), fractionOf(right)];
  switch (sign) {
    case '*':
      return { top: times(a.top, b.top), over: productOf(a.over, b.over) };
    case '/':
      return { top: times(a.top, b.over), over: productOf(a.over, b.top) };
    case '//':
      return whole(roundedDown({ top: times(a.top, b.over), over: times(b.top, a.over) }));
    case '%':
      if (a.over !== null || b.over !== null) throw new PythonError('the remainder of a fraction is not taken');
      return whole(`${bracketed(a.top)} % ${bracketed(b.top)}`);
    default:
      return { top: `${times(a.top, b.over)} ${sign} ${bracketed(times(b.top, a.over))}`, over: productOf(a.over, b.over) };
  }
};

const productOf = (a: string | null, b: string | null): string | null => {
  if (a === null) return b;
  return times(a, b);
};

const power = (base: Fraction, exponent: Node): Fraction => {
  if (exponent.kind !== 'number' || !Number.isInteger(exponent.value) || exponent.value < 1 || exponent.value > POWER_MAX)
    throw new PythonError(`** is taken with an exponent from 1 to ${POWER_MAX} alone`);
  if (base.over !== null) throw new PythonError('the power of a fraction is not taken');
  return whole(Array.from({ length: exponent.value }, () => bracketed(base.top)).join(' * '));
};

const called = ({ name, args }: Extract<Node, { kind: 'call' }>): Fraction => {
  const [first, second] = args;
  if ((name === 'min' || name === 'max') && first && second && args.length === 2)
    return whole(`${name}(${wholeText(first)}, ${wholeText(second)})`);
  if (name === 'int' && first && args.length === 1) return whole(wholeText(first));
  if (/(^|\.)ceil$/.test(name) && first && args.length === 1) {
    const { top, over } = fractionOf(first);
    return whole(over === null ? top : `ceil_div(${top}, ${over})`);
  }
  throw new PythonError(`the function ${name} is not taken here`);
};
