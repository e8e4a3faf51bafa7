/**
 * The front of a ranking: its first places, as far as they were timed to the end, and what a candidate must be able to reach to come near them.
 * Pure. Why, and with what margins: docs/adr/0017-racing.md.
 */
import type { CandidateId } from '../ids.ts';
import type { Stopped } from '../measurement.ts';
import type { Race } from '../protocol.ts';
import type { CaseFloor } from './score.ts';

export interface FrontEntry {
  readonly candidateId: CandidateId;
  readonly rankKey: number;
  readonly timeNs: number;
  /** Median of each bench case. */
  readonly caseNs: Readonly<Record<string, number>>;
}

/** Best first. */
export type Front = readonly FrontEntry[];

/** What differs by more than so many deviations of two judgements of one code is not the same. */
const DEVIATIONS = 3.3;
/** So many times slower than the best. */
const FAR_BEHIND = 4;
/** Where a device's floors are unknown: by what share a candidate may be faster in a case than the fastest of the front. */
const BEYOND_THE_BEST = 0.25;

/** With this entry in its place; who falls behind the last of `places` is forgotten. */
export const withEntry = (front: Front, entry: FrontEntry, places: number): Front =>
  [...front.filter(({ candidateId }) => candidateId !== entry.candidateId), entry]
    .toSorted((a, b) => b.rankKey - a.rankKey)
    .slice(0, places);

/**
 * As far as the last of `places`, or a fraction of the best where that is more: who is so far behind belongs to no front, however few came before.
 * Null before anybody was timed to the end.
 */
export const neededOf = (front: Front, places: number): Stopped['needed'] | null => {
  const [best] = front;
  if (best === undefined) return null;
  const last = front[places - 1];
  const times = front.map(({ timeNs }) => timeNs);
  return {
    speedup: Math.max(last?.rankKey ?? 0, best.rankKey / FAR_BEHIND),
    timeNs: Math.min(last === undefined ? Infinity : Math.max(...times), Math.min(...times) * FAR_BEHIND),
  };
};

/** Whether a candidate that was stopped could have come as far. */
export const isInReach = (
  { speedupMost, timeLeastNs }: Pick<Stopped, 'speedupMost' | 'timeLeastNs'>,
  needed: Stopped['needed'],
): boolean => speedupMost >= needed.speedup || timeLeastNs <= needed.timeNs;

export interface Racing {
  readonly front: Front;
  readonly places: number;
  /** Of every bench case. */
  readonly floors: Readonly<Record<string, CaseFloor>>;
  /** What judgements of one code differ by, on the logarithm. */
  readonly variance: number;
}

/** Null where nobody can be stopped. */
export const raceOf = ({ front, places, floors, variance }: Racing): Race | null => {
  const needed = neededOf(front, places);
  if (needed === null) return null;
  const least = Object.entries(floors).map(
    ([name, { hardFloorNs }]) => [name, hardFloorNs ?? belowTheBest(front, name)] as const,
  );
  if (least.some(([, ns]) => ns === null)) return null;
  const slack = Math.exp(DEVIATIONS * Math.sqrt(variance));
  return {
    speedup: needed.speedup / slack,
    timeNs: needed.timeNs * slack,
    leastNs: Object.fromEntries(least.flatMap(([name, ns]) => (ns === null ? [] : [[name, ns]]))),
  };
};

const belowTheBest = (front: Front, name: string): number | null => {
  const known = front.flatMap(({ caseNs }) => caseNs[name] ?? []);
  return known.length === 0 ? null : Math.min(...known) / (1 + BEYOND_THE_BEST);
};
