import { z } from 'zod';
import { WHOLE_FLOAT } from '../program-call.ts';
import { INTEGER_RANGES, INTEGER_TYPES, ScalarDtype } from './dtype.ts';

/** A number that a plan passes to a kernel as it stands there. */
export interface Literal {
  readonly dtype: ScalarDtype;
  readonly value: number;
}

const F32_MAX = 2 ** 128 - 2 ** 104;
const RANGES: Readonly<Record<ScalarDtype, readonly [number, number]>> = {
  f64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  f32: [-F32_MAX, F32_MAX],
  ...INTEGER_RANGES,
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
  const plain = numberOf(given);
  if (plain?.isWhole === false) {
    const text = Number.isInteger(plain.value) ? plain.value.toFixed(1) : plain.value;
    return `${text} is no int: say its type, as in {f32: ${text}}`;
  }
  const [name, value] = plain ? ['i32', given] : onlyEntry(given);
  const [dtype, number] = [ScalarDtype.safeParse(name), numberOf(value)];
  if (!dtype.success || !number)
    return `an argument is a name, a whole number, or a number with its type (${ScalarDtype.options.join(', ')}), as in {f32: 0.5}`;
  const literal = { dtype: dtype.data, value: number.value };
  return complaintOf(literal) ?? literal;
};

/** 1.0 is not whole where the text says it so. */
const numberOf = (given: unknown): { readonly value: number; readonly isWhole: boolean } | undefined => {
  if (typeof given === 'number') return { value: given, isWhole: Number.isInteger(given) };
  const [name, value] = onlyEntry(given);
  return name === WHOLE_FLOAT && typeof value === 'number' ? { value, isWhole: false } : undefined;
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
