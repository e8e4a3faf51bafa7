/** Which bench case of a candidate is profiled: where most is to be gained. Pure. */
import { DTYPE_BYTES, type Dtype } from '../../domain/plan/dtype.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import type { ChosenCase } from '../../domain/profile.ts';
import type { CaseFloor } from '../../problems/floors.ts';

/** A case of a problem's definition. */
interface SizedCase {
  readonly name: string;
  readonly kind: 'check' | 'bench';
  readonly tensors: readonly { readonly elements: number; readonly dtype: Dtype }[];
}

export interface WorstCase {
  readonly name: string;
  /** Null: nothing was measured, so it is the largest one. */
  readonly chosen: ChosenCase | null;
}

export interface Measured {
  /** Of the candidate; empty where they are not known. */
  readonly timings: readonly CaseTiming[];
  readonly floors: Readonly<Record<string, CaseFloor>>;
  /** Of who holds the record on the model that it was judged on; empty where nobody does, or it does so itself. */
  readonly record: readonly CaseTiming[];
}

/** The case that is furthest from its floor; where one has none, that which is slowest against the record, or without one against the baseline. */
export const worstCase = ({ cases }: { readonly cases: readonly SizedCase[] }, measured: Measured): WorstCase => {
  const bench = cases.filter(({ kind }) => kind === 'bench');
  const timings = measured.timings.filter((timing) => bench.some(({ name }) => name === timing.case));
  const recordOf = new Map(measured.record.map((timing) => [timing.case, timing.candidate.medianNs]));
  const least =
    leastShare(timings, 'floor', (timing) => measured.floors[timing.case]?.floorNs ?? null) ??
    leastShare(timings, 'record', (timing) => recordOf.get(timing.case) ?? null) ??
    leastShare(timings, 'baseline', (timing) => timing.baseline.medianNs);
  return least ?? { name: largest(bench.length > 0 ? bench : cases).name, chosen: null };
};

/** Null where it is not known of every case. */
const leastShare = (
  timings: readonly CaseTiming[],
  by: ChosenCase['by'],
  limitNs: (timing: CaseTiming) => number | null,
): WorstCase | null => {
  const shares = timings.flatMap((timing) => {
    const limit = limitNs(timing);
    return limit === null ? [] : [{ name: timing.case, chosen: { by, share: limit / timing.candidate.medianNs } }];
  });
  if (shares.length < timings.length) return null;
  return shares.toSorted((one, two) => one.chosen.share - two.chosen.share)[0] ?? null;
};

const largest = (cases: readonly SizedCase[]): SizedCase => {
  const [first] = cases.toSorted((one, two) => bytesOf(two) - bytesOf(one));
  if (!first) throw new Error('a problem has at least one case');
  return first;
};

const bytesOf = ({ tensors }: SizedCase): number =>
  tensors.reduce((sum, { elements, dtype }) => sum + elements * DTYPE_BYTES[dtype], 0);
