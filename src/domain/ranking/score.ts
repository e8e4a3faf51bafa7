/** How measurements become a place in a ranking. Pure. Source of the rules: docs/ARCHITECTURE.md, "How a ranking is made". */
import type { CaseTiming, Stopped } from '../measurement.ts';
import type { Outcome } from '../outcome.ts';
import type { CandidateId } from '../ids.ts';
import { type Estimate, Z_95, bounded, combined, estimateOf, intervalOf, meanOf, widened } from './estimate.ts';
import type { PairedScore, Score } from './ranking.ts';

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
    const countedNs = shortestCounted(timing);
    if (hardFloorNs === null || countedNs >= hardFloorNs) continue;
    return {
      verdict: 'implausible',
      case: timing.case,
      medianNs: countedNs,
      floorNs: hardFloorNs,
      message: `faster than the device's memory or arithmetic allows (${countedNs.toFixed(0)} ns < ${hardFloorNs.toFixed(0)} ns): the work cannot have been done`,
    };
  }
  return null;
};

/**
 * Of all that enters the score: the median, the time that the speed-up implies, and what a tenth of the runs stayed below. Of answers the most that it can
 * have been: what their times leave open makes nobody a cheat.
 */
const shortestCounted = ({ candidate, baseline, speedup, answers }: CaseTiming): number =>
  Math.min(candidate.medianNs, baseline.medianNs / speedup, candidate.p10Ns ?? candidate.medianNs) +
  (answers?.uncertaintyNs ?? 0);

/** What the judgement of a device of this kind leaves open, as variances on the logarithm (spread.ts). */
export interface Spreads {
  readonly screened: number;
  readonly confirmed: number;
  readonly paired: number;
}

/** Score of a passed candidate before it meets the record holder. `variance`: of a judgement like this one, beyond its own interval. */
export const scoreOf = (
  timings: readonly CaseTiming[],
  floors: Readonly<Record<string, CaseFloor>>,
  { deviceModel, variance }: { readonly deviceModel: string; readonly variance: number },
): Score => {
  const shares = timings.map((timing) => {
    const floorNs = floors[timing.case]?.floorNs ?? null;
    return floorNs === null ? null : floorNs / timing.candidate.medianNs;
  });
  const known = shares.filter((share) => share !== null);
  const own = ownSpeedup(timings);
  const answers = answersOf(timings);
  return {
    ...speedupFields(widened(own, variance), answers),
    timeNs: geometricMean(timings.map((timing) => timing.candidate.medianNs)),
    floorShare: known.length === shares.length ? geometricMean(known) : null,
    deviceModel,
    rankKey: Math.exp(own.mean),
    confirmed: false,
    method: timings.some(({ method }) => method === 'cached') ? 'cached' : 'paired',
    pair: null,
    ...recordedFields(timings),
    ...(answers && { answers }),
  };
};

/** A time to answers below this is mostly what it leaves open. */
const RANKED_LEAST_NS = 20_000;
/** Where a time is hardly longer than what it leaves open, nothing is known of the speed-up. */
const OPEN_SHARE_MAX = 0.99;

/** Of a program that was judged by its answers. What is open is open to the same side in all cases, so that their mean leaves as much open as they do. */
const answersOf = (timings: readonly CaseTiming[]): Score['answers'] => {
  const cases = timings.flatMap(({ answers, candidate }) => (answers ? [{ ...answers, medianNs: candidate.medianNs }] : []));
  if (cases.length === 0) return undefined;
  const bounds = cases.map(({ uncertaintyNs, medianNs }) => Math.atanh(Math.min(OPEN_SHARE_MAX, uncertaintyNs / medianNs)));
  return {
    semantics: cases.some(({ semantics }) => semantics === 'call') ? 'call' : 'released',
    uncertaintyNs: Math.max(...cases.map(({ uncertaintyNs }) => uncertaintyNs)),
    share: Math.expm1(bounds.reduce((sum, bound) => sum + bound, 0) / timings.length),
    ...(cases.some(({ medianNs }) => medianNs < RANKED_LEAST_NS) && { tooShort: true }),
  };
};

/** On the logarithm: half of what its times leave open; nothing for device code. */
const boundOf = (answers: Score['answers']): number => (answers ? Math.log1p(answers.share) : 0);

/** Of a program: the mean over its cases. */
const recordedFields = (timings: readonly CaseTiming[]): Pick<Score, 'recorded'> => {
  const cases = timings.flatMap(({ recorded }) => (recorded ? [recorded] : []));
  if (cases.length === 0) return {};
  const inLibraries = cases.flat().reduce((sum, { library, share }) => sum + (library === null ? 0 : share), 0);
  return { recorded: { libraryShare: Math.min(1, inLibraries / cases.length) } };
};

/** Of a passed candidate that was stopped early: by what its runs say, few as they are, and never above what it could have come to. */
export const stoppedScoreOf = (score: Score, stopped: Stopped): Score => {
  const speedup = Math.min(score.speedup, stopped.speedupMost);
  return {
    ...score,
    speedup,
    speedupLow: Math.min(score.speedupLow, speedup),
    speedupHigh: stopped.speedupMost,
    timeNs: Math.max(score.timeNs, stopped.timeLeastNs),
    rankKey: speedup,
    stopped,
  };
};

/** Of one judgement, as its own intervals say. */
export const ownSpeedup = (timings: readonly CaseTiming[]): Estimate =>
  meanOf(
    timings.map(({ speedup, speedupLow, speedupHigh }) => estimateOf({ middle: speedup, low: speedupLow, high: speedupHigh })),
    'alike',
  );

const speedupFields = (
  estimate: Estimate,
  answers: Score['answers'],
): Pick<Score, 'speedup' | 'speedupLow' | 'speedupHigh' | 'judgements'> => {
  const { middle, low, high } = bounded(intervalOf(estimate), boundOf(answers));
  return { speedup: middle, speedupLow: low, speedupHigh: high, judgements: estimate.count };
};

/** Without what its times leave open: that is of every judgement of it alike. */
const estimateOfScore = ({ speedup, speedupLow, speedupHigh, judgements, answers }: Score): Estimate => ({
  ...estimateOf(bounded({ middle: speedup, low: speedupLow, high: speedupHigh }, -boundOf(answers))),
  count: judgements,
});

/**
 * Whether a screened candidate may be the new record and must be measured in pairs before it is ranked: the upper end of its interval reaches the
 * record, or its time is shorter than the record's beyond that interval (its baseline may have been timed in a bad moment).
 */
export const mustConfirm = (score: Score, holder: RecordHolder | null): boolean =>
  holder === null || score.speedupHigh >= holder.score.speedup || isFasterByTime(score, holder.score);

/** Shorter time beyond the interval of the speed-up: times of two judgements differ by no less. */
export const isFasterByTime = (score: Score, than: Score): boolean =>
  score.timeNs * (score.speedupHigh / score.speedup) < than.timeNs;

export interface RankedAgainstHolder {
  readonly score: Score;
  readonly record: boolean;
  /** The holder as this pair leaves it: measured once more, and below the candidate where that won. Null where there was no pair. */
  readonly holder: RecordHolder | null;
  /** The holder's speed-up in this judgement and what was known of it before: what judgements of one code differ by is learned from these. */
  readonly again: { readonly measured: Estimate; readonly known: Estimate } | null;
}

/** A win must be outside this many standard deviations of the pair: of a hundred copies of the record hardly one takes it from itself. */
const WIN_DEVIATIONS = 3.3;
/** Tells keys apart that mean the same place. */
const BELOW = 4 * Number.EPSILON;

/**
 * Ranks a confirmed score against the record holder it was paired with. The pair decides who holds the record, so that a difference of 1 % does
 * not depend on two separate runs; it never lends its ratio to the speed-up that is shown, or a chain of lucky pairs would climb above what anybody
 * measures. What the pair measured of the holder refines the holder's own estimate.
 */
export const rankAgainstHolder = (
  score: Score,
  timings: readonly CaseTiming[],
  {
    candidateId,
    holder,
    spreads,
  }: { readonly candidateId: CandidateId; readonly holder: RecordHolder | null; readonly spreads: Spreads },
): RankedAgainstHolder => {
  // What contradicts itself is no record, and refines nobody's.
  if (timings.some(({ unsteady }) => unsteady)) {
    const place = holder ? behind(score, holder) : score;
    return { score: { ...place, confirmed: false }, record: false, holder: null, again: null };
  }
  if (holder === null) return { score, record: true, holder: null, again: null };
  const paired = pairedRatio(timings);
  if (paired === null) return { score: behind(score, holder), record: false, holder: null, again: null };
  const own = ownSpeedup(timings);
  const ratio = widened(paired, spreads.paired);
  const bound = boundOf(score.answers) + boundOf(holder.score.answers);
  const measured = { mean: own.mean - paired.mean, variance: Math.max(own.variance, paired.variance), count: 1 };
  const refined = refine(holder, measured, {
    variance: spreads.confirmed,
    timeRatio: Math.exp(ratio.mean),
    timeNs: score.timeNs,
  });
  const result = resultOf(ratio, bound);
  const again = { measured, known: estimateOfScore(holder.score) };
  if (result !== 'won') {
    const pair: PairedScore = { against: holder.candidateId, ...ratioFields(ratio, bound), result };
    return { score: { ...score, rankKey: keyBeside(refined, pair), pair }, record: false, holder: refined, again };
  }
  const next = { candidateId, score: { ...score, pair: { against: holder.candidateId, ...ratioFields(ratio, bound), result } } };
  const lost: PairedScore = { against: candidateId, ...ratioFields({ ...ratio, mean: -ratio.mean }, bound), result: 'lost' };
  const former = { ...refined, score: { ...refined.score, rankKey: keyBeside(next, lost), pair: lost } };
  return { score: next.score, record: true, holder: former, again };
};

/** Of a trial that was timed beside another candidate: what that pair says of the two. Without a pair where the host could not run the other. */
export const pairedWithRival = (
  score: Score,
  timings: readonly CaseTiming[],
  { against, spreads }: { readonly against: CandidateId; readonly spreads: Spreads },
): Score => {
  const paired = pairedRatio(timings);
  if (paired === null) return score;
  const ratio = widened(paired, spreads.paired);
  return { ...score, pair: { against, ...ratioFields(ratio, 0), result: resultOf(ratio, 0) } };
};

/** Null where a case was not paired. */
const pairedRatio = (timings: readonly CaseTiming[]): Estimate | null => {
  const pairs = timings.map(({ record }) => record).filter((pair) => pair !== undefined);
  if (pairs.length < timings.length) return null;
  return meanOf(
    pairs.map(({ ratio, ratioLow, ratioHigh }) => estimateOf({ middle: ratio, low: ratioLow, high: ratioHigh })),
    'independent',
  );
};

const ratioFields = (ratio: Estimate, bound: number): Pick<PairedScore, 'ratio' | 'ratioLow' | 'ratioHigh'> => {
  const { middle, low, high } = bounded(intervalOf(ratio), bound);
  return { ratio: middle, ratioLow: low, ratioHigh: high };
};

/** `bound`: what both sides' times leave open, which no deviation holds. */
const resultOf = ({ mean, variance }: Estimate, bound: number): PairedScore['result'] => {
  const deviation = Math.sqrt(variance);
  if (mean - WIN_DEVIATIONS * deviation - bound > 0) return 'won';
  return mean + Z_95 * deviation + bound < 0 ? 'lost' : 'tied';
};

const refine = (
  holder: RecordHolder,
  measured: Estimate,
  { variance, timeRatio, timeNs }: { readonly variance: number; readonly timeRatio: number; readonly timeNs: number },
): RecordHolder => {
  const estimate = combined(estimateOfScore(holder.score), widened(measured, variance));
  const timeShare = 1 / estimate.count;
  return {
    ...holder,
    score: {
      ...holder.score,
      ...speedupFields(estimate, holder.score.answers),
      rankKey: Math.exp(estimate.mean),
      timeNs: Math.exp((1 - timeShare) * Math.log(holder.score.timeNs) + timeShare * Math.log(timeNs * timeRatio)),
    },
  };
};

/** The pair is surer than two separate runs, so it gives the place: beside the holder or by the ratio below it. Who won stands above. */
const keyBeside = ({ score }: RecordHolder, { result, ratio }: PairedScore): number =>
  score.rankKey * (result === 'lost' ? ratio : 1) * (1 - BELOW);

/** Just below the record holder at best: whoever did not win the pair never stands above it. */
export const behind = (score: Score, holder: RecordHolder): Score => ({
  ...score,
  rankKey: Math.min(score.speedup, holder.score.rankKey * (1 - BELOW)),
});
