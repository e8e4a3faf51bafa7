/** Which cases of a file can be drawn and held, and why others cannot. Pure. */
import { CASE_BYTES_MAX } from '../../domain/case-limits.ts';
import type { Described, DescribedCase, DescribedTensor } from './described.ts';
import { bytesOfType } from './element-types.ts';
import { tensorNameAt } from './names.ts';
import { RefusedFile } from './refused-file.ts';

/** As the file's own description of its cases has it. */
export interface AskedCase {
  readonly kind: 'check' | 'bench';
  readonly args: Readonly<Record<string, unknown>>;
}

export interface KeptCase extends AskedCase {
  readonly found: DescribedCase;
}

export interface KeptCases {
  readonly kept: readonly KeptCase[];
  readonly notes: readonly string[];
}

/** `asked`: in the order of what was described. Throws RefusedFile unless some are left of those that are timed. */
export const keptCases = ({ cases, names }: Described, asked: readonly AskedCase[]): KeptCases => {
  const drawn: KeptCase[] = [];
  const left: (AskedCase & { readonly reason: string })[] = [];
  for (const [index, one] of asked.entries()) {
    const found = cases[index] ?? { refused: 'nothing says what it is' };
    const reason = 'refused' in found ? found.refused : reasonAgainst(found, names);
    if (reason !== null) left.push({ ...one, reason });
    else if (!('refused' in found)) drawn.push({ ...one, found });
  }
  const { kept, others } = ofOneForm(drawn);
  if (!kept.some(({ kind }) => kind === 'bench')) throw new RefusedFile(left[0]?.reason ?? 'it has no case that is timed');
  const reason = 'it hands over tensors of other types, or other values, than most';
  const notes = [...left, ...others.map((one) => ({ ...one, reason }))].map(
    (one) => `the case ${JSON.stringify(one.args)} is left out: ${one.reason}`,
  );
  return { kept, notes };
};

/** Null: it can be drawn and held. */
const reasonAgainst = ({ tensors, places, outputs }: DescribedCase, names: readonly string[]): string | null => {
  for (const [index, tensor] of tensors.entries()) {
    const complaint = complaintOf(tensor);
    if (complaint !== null) return `\`${tensorNameAt(places[index] ?? [], names)}\` ${complaint}`;
  }
  const other = (outputs ?? []).find(({ known }) => !known);
  if (other) return `the reference returns ${other.dtype}, which is none of Kiln's types`;
  const empty = (outputs ?? []).find(({ shape }) => shape.includes(0));
  if (empty) return 'the reference returns a tensor without elements';
  const bytes = [...tensors, ...(outputs ?? []).filter(({ tensor }) => tensor === null)].reduce(
    (sum, one) => sum + bytesOf(one),
    0,
  );
  return bytes > CASE_BYTES_MAX
    ? `its tensors are ${(bytes / 2 ** 30).toFixed(2)} GiB; a case has at most ${CASE_BYTES_MAX / 2 ** 30}`
    : null;
};

const complaintOf = ({ draw, known, dtype, contiguous, shape }: DescribedTensor): string | null => {
  if (draw.kind === 'unplain') return `is not drawn plainly: ${draw.reason ?? ''}`;
  if (!known) return `is of the type ${dtype}, which is none of Kiln's`;
  if (!contiguous) return 'is not contiguous';
  if (shape.length === 0) return 'is a tensor without an axis: hand a number over';
  if (shape.length > 8) return 'has more than 8 axes';
  return shape.includes(0) ? 'has no elements' : null;
};

const bytesOf = ({ dtype, shape }: Pick<DescribedTensor, 'dtype' | 'shape'>): number =>
  shape.reduce((product, size) => product * size, bytesOfType(dtype));

/** What tensors and numbers are handed over, but not how large they are. */
const formOf = ({ found: { data, tensors } }: KeptCase): string =>
  JSON.stringify([data, tensors.map(({ dtype, shape }) => [dtype, shape.length])]).replaceAll(
    /"number":[-+.\deE]+/gu,
    '"number":0',
  );

/** Of several forms, the one that most cases have which are timed: a problem has one. */
const ofOneForm = (all: readonly KeptCase[]): { readonly kept: readonly KeptCase[]; readonly others: readonly KeptCase[] } => {
  const timed = new Map<string, number>();
  for (const one of all) timed.set(formOf(one), (timed.get(formOf(one)) ?? 0) + (one.kind === 'bench' ? 1 : 0));
  const [most] = [...timed].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return { kept: all.filter((one) => formOf(one) === most), others: all.filter((one) => formOf(one) !== most) };
};
