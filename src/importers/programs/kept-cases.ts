/** Which cases of a file can be drawn and held, and why others cannot. Pure. */
import { CASE_BYTES_MAX } from '../../domain/case-limits.ts';
import type { Described, DescribedCase, DescribedTensor } from './described.ts';
import { bytesOfType } from './element-types.ts';
import { integersOf } from './draws.ts';
import { tensorNameAt } from './names.ts';
import { pooled, underivable } from './raw-draws.ts';
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
  /** Inputs are computed by the file's own code, from what is drawn for it. */
  readonly isDerived: boolean;
  readonly notes: readonly string[];
}

/** `asked`: in the order of what was described. Inputs are derived where they cannot be drawn. Throws RefusedFile unless some are left of those that are timed. */
export const keptCases = (described: Described, asked: readonly AskedCase[]): KeptCases => {
  const drawn = casesWithout(described, asked, { reasonOf: reasonAgainst, formOf: handedForm });
  if (isTimed(drawn.kept)) return { ...drawn, isDerived: false };
  const derived = casesWithout(described, asked, { reasonOf: reasonAgainstDerived, formOf: derivedForm });
  if (isTimed(derived.kept)) return { ...derived, isDerived: true };
  const [why] = drawn.reasons;
  const [instead] = derived.reasons;
  if (why === undefined) throw new RefusedFile('it has no case that is timed');
  throw new RefusedFile(
    instead !== undefined && why.mightBeDerived ? `${why.words}; and it cannot be derived: ${instead.words}` : why.words,
  );
};

const isTimed = (kept: readonly KeptCase[]): boolean => kept.some(({ kind }) => kind === 'bench');

/** `mightBeDerived`: only how it is drawn is against it. */
interface Reason {
  readonly words: string;
  readonly mightBeDerived: boolean;
}

type ReasonAgainst = (found: DescribedCase, names: readonly string[]) => Reason | null;

const only = (words: string): Reason => ({ words, mightBeDerived: false });

type FormOf = (one: KeptCase) => string;

interface Sorted {
  readonly kept: readonly KeptCase[];
  readonly notes: readonly string[];
  /** Of those that are left out, in their order. */
  readonly reasons: readonly Reason[];
}

const casesWithout = (
  { cases, names }: Described,
  asked: readonly AskedCase[],
  { reasonOf, formOf }: { readonly reasonOf: ReasonAgainst; readonly formOf: FormOf },
): Sorted => {
  const drawn: KeptCase[] = [];
  const left: (AskedCase & { readonly reason: Reason })[] = [];
  for (const [index, one] of asked.entries()) {
    const found = cases[index] ?? { refused: 'nothing says what it is' };
    const reason = 'refused' in found ? only(found.refused) : reasonOf(found, names);
    if (reason !== null) left.push({ ...one, reason });
    else if (!('refused' in found)) drawn.push({ ...one, found });
  }
  const { kept, others } = ofOneForm(drawn, formOf);
  const reason = only('it hands over tensors of other types, or other values, than most, or draws other kinds of numbers');
  const notes = [...left, ...others.map((one) => ({ ...one, reason }))].map(
    (one) => `the case ${JSON.stringify(one.args)} is left out: ${one.reason.words}`,
  );
  return { kept, notes, reasons: left.map((one) => one.reason) };
};

/** Null: it can be drawn and held. */
const reasonAgainst: ReasonAgainst = (found, names) => {
  const unplain = found.tensors.findIndex(({ draw }) => draw.kind === 'unplain');
  if (unplain >= 0)
    return {
      words: `\`${tensorNameAt(found.places[unplain] ?? [], names)}\` is not drawn plainly: ${found.tensors[unplain]?.draw.reason ?? ''}`,
      mightBeDerived: true,
    };
  return reasonAgainstHolding(found, names);
};

/** Null: its inputs can be computed from what is drawn, and held. */
const reasonAgainstDerived: ReasonAgainst = (found, names) => {
  const unbounded = found.tensors.findIndex(
    ({ dtype, draw }) => INDEX_TYPES.has(dtype) && draw.kind !== 'empty' && integersOf(draw) === null,
  );
  if (unbounded >= 0)
    return only(
      `nobody says within which bounds \`${tensorNameAt(found.places[unbounded] ?? [], names)}\` is, which kernels may index with`,
    );
  const held = found.tensors.reduce((sum, one) => sum + bytesOf(one), 0);
  const bytes = found.raw.draws.reduce((sum, one) => sum + one.times * bytesOf(one), held);
  if (bytes > CASE_BYTES_MAX)
    return only(
      `its draws and inputs are ${(bytes / 2 ** 30).toFixed(2)} GiB together; a case has at most ${CASE_BYTES_MAX / 2 ** 30}`,
    );
  const why = underivable(found.raw);
  return why === null ? reasonAgainstHolding(found, names) : only(why);
};

const INDEX_TYPES: ReadonlySet<string> = new Set(['i64', 'i32', 'u32']);

const reasonAgainstHolding: ReasonAgainst = ({ tensors, places, outputs }, names) => {
  for (const [index, tensor] of tensors.entries()) {
    const complaint = complaintOf(tensor);
    if (complaint !== null) return only(`\`${tensorNameAt(places[index] ?? [], names)}\` ${complaint}`);
  }
  const other = (outputs ?? []).find(({ known }) => !known);
  if (other) return only(`the reference returns ${other.dtype}, which is none of Kiln's types`);
  const empty = (outputs ?? []).find(({ shape }) => shape.includes(0));
  if (empty) return only('the reference returns a tensor without elements');
  const bytes = [...tensors, ...(outputs ?? []).filter(({ tensor }) => tensor === null)].reduce(
    (sum, one) => sum + bytesOf(one),
    0,
  );
  return bytes > CASE_BYTES_MAX
    ? only(`its tensors are ${(bytes / 2 ** 30).toFixed(2)} GiB; a case has at most ${CASE_BYTES_MAX / 2 ** 30}`)
    : null;
};

const complaintOf = ({ known, dtype, contiguous, shape }: DescribedTensor): string | null => {
  if (!known) return `is of the type ${dtype}, which is none of Kiln's`;
  if (!contiguous) return 'is not contiguous';
  if (shape.length === 0) return 'is a tensor without an axis: hand a number over';
  if (shape.length > 8) return 'has more than 8 axes';
  return shape.includes(0) ? 'has no elements' : null;
};

const bytesOf = ({ dtype, shape }: Pick<DescribedTensor, 'dtype' | 'shape'>): number =>
  shape.reduce((product, size) => product * size, bytesOfType(dtype));

/** What tensors and numbers are handed over, but not how large they are. */
const handedForm: FormOf = ({ found: { data, tensors } }) =>
  JSON.stringify([data, tensors.map(({ dtype, shape }) => [dtype, shape.length])]).replaceAll(
    /"number":[-+.\deE]+/gu,
    '"number":0',
  );

/** And what is drawn for them. */
const derivedForm: FormOf = (one) => JSON.stringify([handedForm(one), pooled(one.found.raw).pools.map(({ dtype }) => dtype)]);

/** Of several forms, the one that most cases have which are timed: a problem has one. */
const ofOneForm = (
  all: readonly KeptCase[],
  formOf: FormOf,
): { readonly kept: readonly KeptCase[]; readonly others: readonly KeptCase[] } => {
  const timed = new Map<string, number>();
  for (const one of all) timed.set(formOf(one), (timed.get(formOf(one)) ?? 0) + (one.kind === 'bench' ? 1 : 0));
  const [most] = [...timed].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return { kept: all.filter((one) => formOf(one) === most), others: all.filter((one) => formOf(one) !== most) };
};
