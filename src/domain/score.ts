/** How measurements become a place in a ranking. Pure. Source of the rules: docs/ARCHITECTURE.md, "How a ranking is made". */
import type { CaseTiming } from './measurement.ts';
import type { Outcome } from './outcome.ts';
import type { CandidateId } from './ids.ts';
import type { Score } from './records.ts';

/**
 * A screening this close below the record is settled by pairs: within one judge, screenings of one kernel differ by less. A wider margin would
 * confirm half of a sweep over a kernel that has reached its floor.
 */
const CONFIRM_MARGIN = 0.995;

/** Physical limits of a bench case, nanoseconds; null where the device's rates are unknown (problems/floors.ts). */
export interface CaseFloor {
  readonly hardFloorNs: number | null;
  readonly floorNs: number | null;
}

export interface RecordHolder {
  readonly candidateId: CandidateId;
  readonly score: Score;
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Tested case by case, before any aggregation. Null when every case is possible. */
export const implausibleOutcome = (
  timings: readonly CaseTiming[],
  floors: Readonly<Record<string, CaseFloor>>,
): Outcome | null => {
  for (const timing of timings) {
    const hardFloorNs = floors[timing.case]?.hardFloorNs ?? null;
    if (hardFloorNs === null || timing.candidate.medianNs >= hardFloorNs) continue;
    return {
      verdict: 'implausible',
      case: timing.case,
      medianNs: timing.candidate.medianNs,
      floorNs: hardFloorNs,
      message: `faster than the device's memory or arithmetic allows (${timing.candidate.medianNs.toFixed(0)} ns < ${hardFloorNs.toFixed(0)} ns): the work cannot have been done`,
    };
  }
  return null;
};

/** Score of a passed candidate before it meets the record holder. */
export const scoreOf = (
  timings: readonly CaseTiming[],
  floors: Readonly<Record<string, CaseFloor>>,
  deviceModel: string,
): Score => {
  const speedup = geometricMean(timings.map((timing) => timing.speedup));
  const shares = timings.map((timing) => {
    const floorNs = floors[timing.case]?.floorNs ?? null;
    return floorNs === null ? null : floorNs / timing.candidate.medianNs;
  });
  const known = shares.filter((share) => share !== null);
  return {
    speedup,
    speedupLow: geometricMean(timings.map((timing) => timing.speedupLow)),
    speedupHigh: geometricMean(timings.map((timing) => timing.speedupHigh)),
    timeNs: geometricMean(timings.map((timing) => timing.candidate.medianNs)),
    floorShare: known.length === shares.length ? geometricMean(known) : null,
    deviceModel,
    rankKey: speedup,
    confirmed: false,
  };
};

/** Whether a screened candidate may be the new record and must be measured in pairs before it is ranked. */
export const mustConfirm = (score: Score, holder: RecordHolder | null): boolean =>
  holder === null || score.speedup > holder.score.rankKey * CONFIRM_MARGIN;

/**
 * Settles a confirmed score against the record holder it was paired with: the pair decides which of the two stands higher, so that a
 * difference of 1 % does not depend on two separate runs. A win must be outside the pair's 95 % interval.
 */
export const settle = (
  score: Score,
  timings: readonly CaseTiming[],
  holder: RecordHolder | null,
): { readonly score: Score; readonly record: boolean } => {
  if (holder === null) return { score, record: true };
  const pairs = timings.map((timing) => timing.record).filter((pair) => pair !== undefined);
  if (pairs.length < timings.length) return { score: behind(score, holder, score.speedup), record: false };
  const ratio = geometricMean(pairs.map((pair) => pair.ratio));
  const won = geometricMean(pairs.map((pair) => pair.ratioLow)) > 1;
  const byPair = holder.score.rankKey * ratio;
  if (!won) return { score: behind(score, holder, Math.min(score.speedup, byPair)), record: false };
  return { score: { ...score, rankKey: Math.max(score.speedup, byPair) }, record: true };
};

/** Just below the record holder at best: whoever did not win the pair never stands above or beside it. */
export const behind = (score: Score, holder: RecordHolder, rankKey: number): Score => ({
  ...score,
  rankKey: Math.min(rankKey, holder.score.rankKey * (1 - Number.EPSILON * 4)),
});
