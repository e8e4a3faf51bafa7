/**
 * How much judgements of one code differ beyond what each judgement's own interval says: clock states, places in memory, processes. It is learned from
 * what is measured again anyway: the record holder in every pair, and a candidate's screening beside its confirmation. Pure.
 */
import { z } from 'zod';
import type { Estimate } from './estimate.ts';

/** Sum over repetitions of the squared difference less what the two intervals explain, on the logarithm. */
const Repeated = z.strictObject({ count: z.number().min(0), sum: z.number() });

/** Of one problem on one device model. */
export const Spread = z.strictObject({ screened: Repeated, confirmed: Repeated });
export type Spread = z.infer<typeof Spread>;
export type SpreadKind = keyof Spread;

export const NO_SPREAD: Spread = { screened: { count: 0, sum: 0 }, confirmed: { count: 0, sum: 0 } };

/** Standard deviation that is assumed before anything was measured again, by what is judged on; and how many repetitions it weighs. */
const ASSUMED = { gpu: 0.004, cpu: 0.03 } as const;
const ASSUMED_COUNT = 4;
/** Never less: a few repetitions that agree by luck must not make every difference look certain. */
const LEAST = { gpu: 0.0005, cpu: 0.003 } as const;
/** Older repetitions count less and less: a device that was replaced or set otherwise is learned anew. */
const COUNT_MAX = 200;

/** Of the ratio in a pair of one process: two copies of one kernel differ by this (null test of docs/results/gpu-run-h100.md: 20 pairs). */
const PAIRED = { gpu: 0.0006, cpu: 0.006 } as const;

export type SpreadTarget = keyof typeof ASSUMED;

export const pairedVariance = (target: SpreadTarget): number => PAIRED[target] ** 2;

/** Variance of a judgement's logarithm that its own interval does not hold. */
export const spreadVariance = (spread: Spread, kind: SpreadKind, target: SpreadTarget): number => {
  const { count, sum } = spread[kind];
  const variance = (ASSUMED_COUNT * ASSUMED[target] ** 2 + sum) / (ASSUMED_COUNT + count);
  return Math.max(variance, LEAST[target] ** 2);
};

/** `again` and `before` measured one code. Their variances are those of their own intervals, and of the other side's spread where it has one. */
export const learned = (spread: Spread, kind: SpreadKind, again: Estimate, before: Estimate): Spread => {
  const excess = (again.mean - before.mean) ** 2 - again.variance - before.variance;
  const { count, sum } = spread[kind];
  const keep = count < COUNT_MAX ? 1 : (COUNT_MAX - 1) / COUNT_MAX;
  return { ...spread, [kind]: { count: count * keep + 1, sum: sum * keep + excess } };
};
