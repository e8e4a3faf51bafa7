import { z } from 'zod';
import { INTEGER_TYPES, ScalarDtype } from './dtype.ts';

/** A number that a plan passes to a kernel as it stands there. */
export interface Literal {
  readonly dtype: ScalarDtype;
  readonly value: number;
}

const F32_MAX = 2 ** 128 - 2 ** 104;
/** Whole numbers of `i64` are those that a plan's text holds exactly. */
const RANGES: Readonly<Record<ScalarDtype, readonly [number, number]>> = {
  f64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  f32: [-F32_MAX, F32_MAX],
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

/** `8`, which is an `int`, or `{f32: 0.5}`, which says its type. */
export const Literal = z.unknown().transform((given, context): Literal => {
  const literal = literalOf(given);
  if (typeof literal !== 'string') return literal;
  context.addIssue({ code: 'custom', message: literal });
  return z.NEVER;
});

/** Or what is wrong with it. */
const literalOf = (given: unknown): Literal | string => {
  if (typeof given === 'number' && !Number.isInteger(given))
    return `${given} is no whole number: say its type, as in {f32: ${given}}`;
  const [dtype, value] = typeof given === 'number' ? ['i32', given] : onlyEntry(given);
  const known = ScalarDtype.safeParse(dtype);
  if (!known.success || typeof value !== 'number')
    return `an argument is a name, a whole number, or a number with its type (${ScalarDtype.options.join(', ')}), as in {f32: 0.5}`;
  return complaintOf({ dtype: known.data, value }) ?? { dtype: known.data, value };
};

const onlyEntry = (given: unknown): readonly unknown[] => {
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  return entries.length === 1 ? (entries[0] ?? []) : [];
};

const complaintOf = ({ dtype, value }: Literal): string | undefined => {
  if (INTEGER_TYPES.has(dtype) && !Number.isInteger(value)) return `${dtype} holds whole numbers, not ${value}`;
  const [min, max] = RANGES[dtype];
  return value >= min && value <= max ? undefined : `${dtype} does not hold ${value}: from ${min} to ${max}`;
};
