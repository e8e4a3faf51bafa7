import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../../src/domain/plan/condition.ts';
import { evaluate } from '../../../src/domain/plan/expression.ts';
import { conditionText, wholeText } from '../../../src/importers/kerneltuner/kiln-expression.ts';
import { parsePython } from '../../../src/importers/kerneltuner/python-expression.ts';
import { valueOf } from '../../../src/importers/kerneltuner/python-value.ts';

const values = (text: string, known = {}) => valueOf(parsePython(text), known);

describe('values of params', () => {
  test.each([
    ['[1, 2, 4,]', [1, 2, 4]],
    ['list(range(3))', [0, 1, 2]],
    ['range(8, 2, -2)', [8, 6, 4]],
    ['[2**i for i in range(4)]', [1, 2, 4, 8]],
    ['[16 * i for i in range(1, 9) if i % 3 == 0]', [48, 96]],
    ['[0] + [i // 2 for i in (4, 5)]', [0, 2, 2]],
    ['["float", \'double\']', ['float', 'double']],
    ['[True, False]', [1, 0]],
    ['[max(1, -3), min([4, 2]), int(7 / 2), -7 // 2, -7 % 3]', [1, 2, 3, -4, 2]],
  ])('%s', (text, expected) => expect(values(text)).toEqual(expected));

  test('may name what is known', () => {
    expect(values('(ProblemSize[0] + max(width) - 1) * ProblemSize[-1]', { ProblemSize: [10, 3], width: [3, 5] })).toBe(42);
  });

  test.each([
    ['[1, 2', /"\]" is missing/],
    ['__import__("os").system("ls")', /this is not taken|function __import__ is not taken/],
    ['open("file")', /the function open is not taken/],
    ['[x]', /"x" is not known/],
    ['1 / 0', /is no number/],
    ['range(10 ** 9)', /too long/],
    ['lambda x: x', /this is not taken/],
  ])('%s is refused', (text, message) => expect(() => values(text)).toThrow(message));
});

describe('conditions', () => {
  test.each([
    ['a * b <= 1024', 'a * b <= 1024'],
    ['32 <= a*b <= 1024', '32 <= a * b and a * b <= 1024'],
    ['a / 32 >= b / c', 'a * c >= b * 32'],
    ['a / b == 2', 'a == 2 * b'],
    ['a // b % 2 == 0', '(a / b) % 2 == 0'],
    ['a == 0 or (b % 32 != 0)', 'a == 0 or b % 32 != 0'],
    ['not a or b', 'not (a != 0) or b != 0'],
    ['kind in ("row", "column")', '(kind == "row" or kind == "column")'],
    ['a not in [1, 2]', '(a != 1 and a != 2)'],
    ['a ** 2 < b', 'a * a < b'],
    ['a - (b - c) == 1', 'a - (b - c) == 1'],
  ])('%s', (python, kiln) => {
    expect(conditionText(parsePython(python))).toBe(kiln);
    expect(() => compileCondition(kiln)).not.toThrow();
  });

  test.each([
    ['a ** b < 3', /\*\* is taken with an exponent/],
    ['a / b % 2 == 0', /remainder of a fraction/],
    ['a * 0.5 < 1', /only whole numbers/],
    ['len(a) < 1', /function len is not taken here/],
  ])('%s is refused', (text, message) => expect(() => conditionText(parsePython(text))).toThrow(message));

  const number = fc.integer({ min: 1, max: 40 });
  const term: fc.Arbitrary<string> = fc.letrec<{ sum: string }>((tie) => ({
    sum: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b', 'c', '7', '2'),
      fc.tuple(tie('sum'), fc.constantFrom('+', '*', '//', '/'), tie('sum')).map(([l, op, r]) => `(${l} ${op} ${r})`),
    ),
  })).sum;

  test('hold where they hold in Python', () => {
    const names = { a: number, b: number, c: number };
    fc.assert(
      fc.property(term, fc.constantFrom('<', '<=', '==', '!=', '>', '>='), term, fc.record(names), (left, sign, right, known) => {
        const text = `${left} ${sign} ${right}`;
        const python = numericOrNull(() => exact(text, known));
        if (python === null) return;
        expect([text, known, compileCondition(conditionText(parsePython(text)))(known)]).toEqual([text, known, python]);
      }),
    );
  });

  test('sizes come to what they come to in Python, rounded down', () => {
    fc.assert(
      fc.property(term, fc.record({ a: number, b: number, c: number }), (text, known) => {
        const python = numericOrNull(() => Math.floor(Number(values(text, known)) + 1e-9));
        if (python === null) return;
        expect(evaluate(wholeText(parsePython(text)), known)).toBe(python);
      }),
    );
  });
});

/** Fractions of numbers this small differ by more than this, or are equal. */
const CLOSE = 1e-9;

const exact = (text: string, known: Record<string, number>): boolean => {
  const [, left = '', sign = '', right = ''] = /^(.*) (<|<=|==|!=|>|>=) (.*)$/.exec(text) ?? [];
  const [a, b] = [Number(values(left, known)), Number(values(right, known))];
  if (a > 1e6 || b > 1e6) throw new Error('too large to tell fractions apart');
  const difference = Math.abs(a - b) < CLOSE ? 0 : a - b;
  return (
    {
      '<': difference < 0,
      '<=': difference <= 0,
      '==': difference === 0,
      '!=': difference !== 0,
      '>': difference > 0,
      '>=': difference >= 0,
    }[sign] ?? false
  );
};

/** Null: a division by zero, or more than is told apart. */
const numericOrNull = <T>(work: () => T): T | null => {
  try {
    return work();
  } catch {
    return null;
  }
};
