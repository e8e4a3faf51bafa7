/** Which tensors a reference reads, which it writes, and which it makes. Pure. */
import type { DescribedCase, DescribedOutput } from './described.ts';
import { RefusedFile } from './refused-file.ts';

export interface Roles {
  /** Of each tensor that is handed over. */
  readonly given: readonly ('in' | 'out' | 'inout')[];
  /** Of each output, in order: the tensor that is handed over for it, or null where a program makes it. */
  readonly outputs: readonly (number | null)[];
  readonly notes: readonly string[];
}

/** `name` says a tensor's. Throws RefusedFile where cases disagree, or a tensor is changed and not returned. */
export const rolesOf = (cases: readonly DescribedCase[], name: (index: number) => string): Roles => {
  const ran = cases.flatMap(({ outputs, tensors, changed }) => (outputs ? [{ outputs, tensors, changed }] : []));
  const [first] = ran;
  if (!first) throw new RefusedFile('the reference ran in no case');
  for (const { outputs } of ran)
    if (kindOf(outputs) !== kindOf(first.outputs))
      throw new RefusedFile('the reference returns other tensors in other cases: their number or their types');
  const unset = first.tensors.map((_tensor, index) => cases.every(({ tensors }) => tensors[index]?.draw.kind === 'empty'));
  const taken = new Set(first.outputs.flatMap(({ tensor }) => tensor ?? []));
  const outputs = first.outputs.map((output, at) => output.tensor ?? pairOf(at));
  function pairOf(at: number): number | null {
    const fitting = unset.findIndex(
      (isUnset, index) => isUnset && !taken.has(index) && ran.every((one) => fits(one.outputs[at], one.tensors[index])),
    );
    if (fitting >= 0) taken.add(fitting);
    return fitting < 0 ? null : fitting;
  }
  refuseOdd({ unset, taken, outputs, first, name });
  const given = first.tensors.map((_tensor, index) => (taken.has(index) ? (unset[index] ? 'out' : 'inout') : 'in'));
  if (given.includes('inout') && (given.includes('out') || outputs.includes(null)))
    throw new RefusedFile(
      'the reference returns a tensor that it changed beside others that it made: both are not compared together',
    );
  const notes = unset.flatMap((isUnset, index) =>
    isUnset && !taken.has(index) ? [`\`${name(index)}\` is never set and never written: it holds zeros`] : [],
  );
  return { given, outputs, notes };
};

interface Found {
  readonly unset: readonly boolean[];
  readonly taken: ReadonlySet<number>;
  readonly outputs: readonly (number | null)[];
  readonly first: Pick<DescribedCase, 'changed' | 'tensors'> & { readonly outputs: readonly DescribedOutput[] };
  readonly name: (index: number) => string;
}

const refuseOdd = ({ unset, taken, outputs, first, name }: Found): void => {
  if (new Set(outputs.filter((index) => index !== null)).size !== outputs.filter((index) => index !== null).length)
    throw new RefusedFile('the reference returns one tensor several times');
  const waiting = unset.findIndex((isUnset, index) => isUnset && !taken.has(index));
  const made = first.outputs.find((_output, at) => outputs[at] === null);
  if (made && waiting >= 0)
    throw new RefusedFile(
      `the reference returns ${typeText(made)}, and data holds \`${name(waiting)}\` for it, ${typeText(first.tensors[waiting])}`,
    );
  const changed = first.changed.find((index) => !taken.has(index));
  if (changed !== undefined) throw new RefusedFile(`the reference changes \`${name(changed)}\` and does not return it`);
  const same = outputs.find((index) => index !== null && !unset[index] && !first.changed.includes(index));
  if (same !== undefined && same !== null) throw new RefusedFile(`the reference returns its input \`${name(same)}\` unchanged`);
};

interface Typed {
  readonly dtype: string;
  readonly shape: readonly number[];
}

const typeText = (typed: Typed | undefined): string => (typed ? `${typed.dtype} [${typed.shape.join(', ')}]` : 'nothing');

const kindOf = (outputs: readonly DescribedOutput[]): string =>
  JSON.stringify(outputs.map(({ dtype, tensor, shape }) => [dtype, tensor, shape.length]));

/** A single number may be handed over with an axis. */
const fits = (output: Typed | undefined, tensor: Typed | undefined): boolean =>
  output !== undefined &&
  tensor !== undefined &&
  output.dtype === tensor.dtype &&
  (output.shape.join() === tensor.shape.join() || (output.shape.length === 0 && tensor.shape.join() === '1'));
