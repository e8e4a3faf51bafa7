/** The four questions of trust, each asked through the API as a user would. */
import type { Candidate } from '../../src/domain/candidate.ts';
import { geometricMean } from '../../src/domain/ranking/score.ts';
import { type Agreement, agreement } from './kendall.ts';
import { type Rig, type Wanted, scoreOf } from './rig.ts';

export interface Sizes {
  readonly trials: number;
  readonly points: number;
  readonly repetitions: number;
}

const BASELINE = 'kernels/vector_add/baseline';
const REPEATED = 'tiles';
const BLOCKS = [64, 128, 256, 512, 1024];

export interface Spread {
  readonly judgements: number;
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
  /** Standard deviation divided by the mean. */
  readonly variation: number;
}

const trialsOf = (kernel: string, from: number, count: number): readonly Wanted[] =>
  Array.from({ length: count }, (_, index) => ({ kernel, trial: from + index }));

const speedups = (candidates: readonly Candidate[]): readonly number[] =>
  candidates.map((candidate) => scoreOf(candidate).speedup);

export const spreadOf = (values: readonly number[]): Spread => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return {
    judgements: values.length,
    mean,
    lowest: Math.min(...values),
    highest: Math.max(...values),
    variation: Math.sqrt(variance) / mean,
  };
};

/** The baseline against itself. */
export const nullTest = async (rig: Rig, { trials }: Sizes): Promise<Spread> =>
  spreadOf(speedups(await rig.judge(trialsOf(BASELINE, 1, trials))));

/** One candidate over and over; for the second half every process is a new one. */
export const repeatability = async (
  rig: Rig,
  { trials }: Sizes,
): Promise<{ readonly all: Spread; readonly halves: readonly Spread[] }> => {
  const half = Math.floor(trials / 2);
  const before = speedups(await rig.judge(trialsOf(REPEATED, 1, half)));
  await rig.restart();
  const after = speedups(await rig.judge(trialsOf(REPEATED, 1 + half, trials - half)));
  return { all: spreadOf([...before, ...after]), halves: [spreadOf(before), spreadOf(after)] };
};

/** One sweep, ranked twice: as trial 101 and as trial 102 of every point. */
export const rankings = async (rig: Rig, { points }: Sizes): Promise<Agreement> => {
  const rank = async (trial: number) => {
    const candidates = await rig.judge(pointsOf(points).map((params) => ({ kernel: 'tiles', params, trial })));
    return candidates
      .map(scoreOf)
      .map(({ speedup, speedupLow, speedupHigh }) => ({ value: speedup, low: speedupLow, high: speedupHigh }));
  };
  return agreement(await rank(101), await rank(102));
};

const pointsOf = (count: number): readonly Record<string, number>[] =>
  Array.from({ length: count }, (_, index) => ({
    BLOCK: BLOCKS[index % BLOCKS.length] ?? 256,
    ITEMS: 1 + Math.floor(index / BLOCKS.length),
  }));

export interface Resolution {
  readonly repetitions: number;
  /** The slower one came out slower. */
  readonly ordered: number;
  /** And their 95 % intervals do not overlap. */
  readonly apart: number;
  /** Measured time of the slower, divided by the faster's. */
  readonly ratios: Spread;
}

/** A kernel, and the same with 1 % more work, each judged by itself. */
export const bySeparateRuns = async (rig: Rig, { repetitions }: Sizes): Promise<Resolution> => {
  const kernels = Array.from({ length: repetitions }, (_, index) => index + 1).flatMap((trial) => [
    { kernel: 'known-work', params: { PERCENT: 0 }, trial },
    { kernel: 'known-work', params: { PERCENT: 1 }, trial },
  ]);
  const scores = (await rig.judge(kernels)).map(scoreOf);
  const pairs = scores.flatMap((fast, index) => {
    const slow = scores[index + 1];
    return index % 2 === 0 && slow ? [{ fast, slow }] : [];
  });
  return {
    repetitions,
    ordered: pairs.filter(({ fast, slow }) => fast.speedup > slow.speedup).length,
    apart: pairs.filter(({ fast, slow }) => fast.speedupLow > slow.speedupHigh).length,
    ratios: spreadOf(pairs.map(({ fast, slow }) => fast.speedup / slow.speedup)),
  };
};

/**
 * Stairs down: each candidate does 1 % of the full work less than the one before, so each must take the record from it, in pairs, as any
 * would-be record is decided.
 */
export const byRecordPairs = async (rig: Rig, { repetitions }: Sizes): Promise<Resolution> => {
  const ratios: number[] = [];
  let ordered = 0;
  let apart = 0;
  for (let percent = repetitions; percent >= 0; percent -= 1) {
    const [candidate] = await rig.judge([{ kernel: 'known-work', params: { PERCENT: percent }, trial: 0 }]);
    if (!candidate || percent === repetitions) continue;
    const pair = pairOf(candidate);
    if (pair === null) continue;
    ratios.push(pair.ratio);
    if (pair.ratio > 1) ordered += 1;
    if (pair.low > 1) apart += 1;
  }
  return { repetitions, ordered, apart, ratios: spreadOf(ratios) };
};

/** Of its last confirmation: geometric means over the cases. Null where it was not paired with a record holder. */
const pairOf = ({ attempts }: Candidate): { readonly ratio: number; readonly low: number } | null => {
  const timings = attempts.findLast(({ mode }) => mode === 'confirm')?.timings ?? [];
  const pairs = timings.flatMap(({ record }) => (record ? [record] : []));
  if (pairs.length === 0) return null;
  return { ratio: geometricMean(pairs.map(({ ratio }) => ratio)), low: geometricMean(pairs.map(({ ratioLow }) => ratioLow)) };
};
