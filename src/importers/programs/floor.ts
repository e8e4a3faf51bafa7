/** What any right kernel must read and write: every input and output once. Pure. */
import { INTEGER_TYPES } from '../../domain/plan/dtype.ts';
import { bytesOfType } from './element-types.ts';
import { EXPRESSION_CHARS_MAX, factorText } from './expression-text.ts';

export interface FloorText {
  readonly read_bytes: string | number;
  readonly write_bytes: string | number;
  readonly flops: number;
  readonly unit: 'f32';
}

interface Counted {
  readonly dtype: string | undefined;
  readonly shape: readonly (string | number)[];
  readonly role: string;
  readonly distribution?: { readonly kind: string } | undefined;
}

/**
 * Where some inputs are integers, which may choose what is read of the others, nothing but they must be read. Of inputs that are computed a kernel may
 * know much: none of them need be read as a whole.
 */
export const floorOf = (tensors: Readonly<Record<string, Counted>>): FloorText => {
  const all = Object.values(tensors);
  const read = all.filter(({ role, distribution }) => role !== 'out' && distribution?.kind !== 'derived');
  const chooses = read.filter(({ dtype }) => INTEGER_TYPES.has(dtype ?? ''));
  return {
    read_bytes: bytesOf(chooses.length > 0 ? chooses : read),
    write_bytes: bytesOf(all.filter(({ role }) => role !== 'in')),
    flops: 0,
    unit: 'f32',
  };
};

/** Some are left out where the sum grows too long: it stays a bound. */
const bytesOf = (tensors: readonly Counted[]): string | number => {
  let sum = '';
  for (const { dtype, shape } of tensors) {
    const term = [bytesOfType(dtype), ...shape.filter((size) => size !== 1)].map(factorText).join('*');
    const longer = sum === '' ? term : `${sum} + ${term}`;
    if (longer.length <= EXPRESSION_CHARS_MAX) sum = longer;
  }
  return sum === '' ? 0 : sum;
};
