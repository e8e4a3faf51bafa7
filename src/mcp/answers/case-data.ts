/** The times of each bench case, with how near they come to what the device allows. */
import type { PlanView } from '../../domain/api/candidates.ts';
import type { LibraryTime } from '../../domain/library.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import { libraryNsOf } from '../../domain/text/library-text.ts';
import type { CaseData } from './candidate-data.ts';

export interface Beside {
  readonly plan: PlanView | null;
  /** Of who holds the record; empty where nobody else does. */
  readonly record: readonly CaseTiming[];
  readonly library: LibraryTime | null;
}

export const casesOf = (timings: readonly CaseTiming[], { plan, record, library }: Beside): CaseData[] =>
  timings.map((timing) => ({
    ...timesOf(timing),
    ...recordOf(timing, record),
    ...libraryOf(timing, library),
    ...ratesOf(timing, plan),
  }));

const libraryOf = ({ case: name }: CaseTiming, library: LibraryTime | null): Partial<CaseData> => {
  const ns = libraryNsOf(library?.cases ?? [], name);
  return ns === null ? {} : { libraryNs: rounded(ns) };
};

const recordOf = ({ case: name }: CaseTiming, record: readonly CaseTiming[]): Partial<CaseData> => {
  const held = record.find((timing) => timing.case === name);
  return held === undefined ? {} : { recordNs: rounded(held.candidate.medianNs) };
};

const timesOf = ({ case: name, candidate, baseline, speedup, speedupLow, speedupHigh }: CaseTiming): CaseData => ({
  case: name,
  medianNs: rounded(candidate.medianNs),
  baselineNs: rounded(baseline.medianNs),
  speedup: rounded(speedup),
  speedupLow: rounded(speedupLow),
  speedupHigh: rounded(speedupHigh),
  ...(candidate.humps === undefined ? {} : { humps: candidate.humps }),
});

const ratesOf = (timing: CaseTiming, plan: PlanView | null): Partial<CaseData> => {
  const work = plan?.cases.find(({ name }) => name === timing.case);
  if (work === undefined) return {};
  const { shape, bytes, flops } = work;
  const ns = timing.candidate.medianNs;
  return {
    shape,
    gigabytesPerSecond: rounded(bytes / ns),
    ...(flops > 0 ? { teraflopsPerSecond: rounded(flops / ns / 1000) } : {}),
    ...limitOf({ bytes, flops, ns }, plan?.ceilings ?? null),
  };
};

interface Done {
  readonly bytes: number;
  readonly flops: number;
  readonly ns: number;
}

/** As the floor of a score is reckoned: all bytes at the memory's rate, or all operations at the unit's. */
const limitOf = ({ bytes, flops, ns }: Done, ceilings: PlanView['ceilings']): Partial<CaseData> => {
  if (ceilings === null) return {};
  const memoryNs = (bytes / ceilings.bytesPerSecond) * 1e9;
  const computeNs = ceilings.flopsPerSecond === null ? 0 : (flops / ceilings.flopsPerSecond) * 1e9;
  const floorNs = Math.max(memoryNs, computeNs);
  return {
    floorNs: rounded(floorNs),
    floorShare: rounded(floorNs / ns),
    bound: memoryNs >= computeNs ? 'memory' : 'compute',
  };
};

/** Four digits: more is noise, and is read by a model. */
export const rounded = (value: number): number => Number(value.toPrecision(4));
