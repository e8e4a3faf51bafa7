import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpressionError, evaluate, namesIn } from '../../../../src/domain/plan/expression.ts';

/** An expression as text beside its exact value; null where some step has none, or leaves the safe integers. */
interface Sample {
  readonly text: string;
  readonly value: bigint | null;
}

const SCOPE = { n: 1000, BLOCK: 256, one: 1, zero: 0, big: 2 ** 40 + 1, limit: Number.MAX_SAFE_INTEGER } as const;
const isSafe = (value: bigint): boolean => value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
const safe = (value: bigint | null): bigint | null => (value !== null && isSafe(value) ? value : null);
const bits = (value: bigint): bigint => BigInt(value.toString(2).length);

const ceilDiv = (a: bigint, b: bigint): bigint | null => {
  if (b === 0n) return null;
  return a / b + (a % b !== 0n && a < 0n === b < 0n ? 1n : 0n);
};
const BINARY: Readonly<Record<string, (a: bigint, b: bigint) => bigint | null>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? null : a / b),
  '%': (a, b) => (b === 0n ? null : a % b),
};
const CALLS: Readonly<Record<string, (...xs: bigint[]) => bigint | null>> = {
  ceil_div: (a = 0n, b = 0n) => ceilDiv(a, b),
  min: (a = 0n, b = 0n) => (a < b ? a : b),
  max: (a = 0n, b = 0n) => (a > b ? a : b),
  next_pow2: (a = 0n) => (a <= 1n ? 1n : 1n << bits(a - 1n)),
  log2: (a = 0n) => (a < 1n ? null : bits(a) - 1n),
};

const applied = (text: string, parts: readonly Sample[], apply: (...xs: bigint[]) => bigint | null): Sample => {
  const values = parts.map((part) => part.value);
  return { text, value: values.includes(null) ? null : safe(apply(...values.filter((value) => value !== null))) };
};

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.nat({ max: 5000 }).map((value) => ({ text: String(value), value: BigInt(value) })),
  fc.maxSafeNat().map((value) => ({ text: String(value), value: BigInt(value) })),
  // Beside powers of two, where logarithms and quotients of doubles round.
  fc
    .tuple(fc.nat({ max: 52 }), fc.constantFrom(-1, 0, 1))
    .map(([power, beside]) => 2 ** power + beside)
    .map((value) => ({ text: String(value), value: BigInt(value) })),
  fc.constantFrom(...(Object.keys(SCOPE) as (keyof typeof SCOPE)[])).map((name) => ({ text: name, value: BigInt(SCOPE[name]) })),
);
const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom('+', '-', '*', '/', '%'), tie('sample'), tie('sample'))
      .map(([op, a, b]) => applied(`(${a.text}) ${op} (${b.text})`, [a, b], BINARY[op] ?? (() => null))),
    fc
      .tuple(fc.constantFrom('ceil_div', 'min', 'max'), tie('sample'), tie('sample'))
      .map(([name, a, b]) => applied(`${name}(${a.text}, ${b.text})`, [a, b], CALLS[name] ?? (() => null))),
    fc
      .tuple(fc.constantFrom('next_pow2', 'log2'), tie('sample'))
      .map(([name, a]) => applied(`${name}(${a.text})`, [a], CALLS[name] ?? (() => null))),
    tie('sample').map((a) => applied(`-(${a.text})`, [a], (x) => -x)),
  ),
}));

const evaluated = (text: string): number | ExpressionError => {
  try {
    return evaluate(text, SCOPE);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
};

const nested = (levels: number): string => Array.from({ length: levels }).reduce<string>((inner) => `if((${inner})>0,1,1)`, 'n');

describe('an expression', () => {
  test('has exactly the value of whole-number arithmetic, or none where that leaves the safe integers', () => {
    fc.assert(
      fc.property(
        sample.filter(({ text }) => text.length <= 500),
        ({ text, value }) => {
          const result = evaluated(text);
          expect(result instanceof ExpressionError ? null : result, text).toBe(value === null ? null : Number(value));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('of any text gives a safe integer or an ExpressionError, never anything else', () => {
    const token = fc.constantFrom(
      'n',
      'BLOCK',
      '7',
      '0',
      '(',
      ')',
      ',',
      '+',
      '-',
      '*',
      '/',
      '%',
      'min',
      'log2',
      ' ',
      '__proto__',
      'é',
      '1e3',
      '.',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        const result = evaluated(tokens.join(''));
        expect(result instanceof ExpressionError || Number.isSafeInteger(result)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('that could be read in two ways at each of many levels is given up at once', () => {
    expect(evaluate(nested(7), SCOPE)).toBe(1);
    expect(() => evaluate(nested(14), SCOPE)).toThrow('is nested in too many ways');
  });

  test.each([
    ['1 + 2 * 3', 7],
    ['10 - 4 - 3', 3],
    ['7 / 2 * 2', 6],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    ['2 * -3', -6],
    ['ceil_div(n, BLOCK)', 4],
    ['next_pow2(n)', 1024],
    ['log2(BLOCK)', 8],
    ['next_pow2(1125899906842625)', 2 ** 51],
    ['log2(1125899906842623)', 49],
    ['if(n >= 1000, 4, 1)', 4],
    ['if(n % 16 == 0 and BLOCK > 1, 4, if(n % 8 == 0, 2, 1))', 2],
    ['2 * if((n + 1) * 2 < BLOCK, 1, 3) + 1', 7],
    ['if(zero == 0, 1, n / zero)', 1],
    ['if(not (n == 1 or n == 2), n, zero)', 1000],
  ])('%s is %d', (text, value) => {
    expect(evaluate(text, SCOPE)).toBe(value);
  });

  test.each([
    ['n +', /ends where a value is expected/],
    ['n m', /character 3: unexpected "m"/],
    ['k + 1', /character 1: unknown name "k"; known are n, BLOCK/],
    ['constructor', /unknown name/],
    ['sqrt(4)', /unknown function "sqrt"; known are ceil_div/],
    ['if(n, 1, 2)', /a comparison .* is expected, not ","/],
    ['if(n > 1, 2)', /misses a ","/],
    ['if(n > 1, 2, 3, 4)', /misses a "\)"/],
    ['n > 1', /character 3: unexpected ">"/],
    ['min(1)', /takes 2 values, got 1/],
    ['(1', /misses a "\)"/],
    ['1.5', /character 2/],
    ['n / zero', /division by zero/],
    ['limit * 2', /safe integer/],
    [`${'('.repeat(40)}1${')'.repeat(40)}`, /nested deeper than 32/],
    ['1+'.repeat(300), /characters; the limit is 500/],
  ])('%s is refused with what is wrong', (text, message) => {
    expect(() => evaluate(text, SCOPE)).toThrow(message);
  });
});

test('words in quotes are no names', () => {
  expect(namesIn(`if(MODE == "fast", n, min(m, 'slow'))`)).toEqual(['MODE', 'n', 'm']);
});
