/** A sweep as it is kept: what was asked for, and how far it is. */
import { z } from 'zod';
import { CandidateId, type SweepId } from '../ids.ts';
import { VERDICTS } from '../outcome.ts';
import { Params, ParamValue } from '../plan/plan.ts';

/** Which points are tried, in which order. */
export const STRATEGIES = ['grid', 'random', 'latin-hypercube', 'evolve', 'forest'] as const;
export const StrategyName = z.enum(STRATEGIES);
export type StrategyName = z.infer<typeof StrategyName>;

/** Points of one sweep that are ever tried. */
export const SWEEP_POINTS_MAX = 1_000_000;
export const RUNNING_MAX = 10_000;

/** What a budget may come to in all, extensions included. */
export const BUDGET_MAX = { candidates: SWEEP_POINTS_MAX, gpuSeconds: 1e9, minutes: 1e9 } as const;
/** It ends at the first that is reached. */
export const SweepBudget = z.strictObject({
  /** Points that are tried. */
  candidates: z.int().min(1).max(BUDGET_MAX.candidates).optional(),
  /** Device time of its own judgements. */
  gpuSeconds: z.number().positive().max(BUDGET_MAX.gpuSeconds).optional(),
  /** Wall clock while it runs. */
  minutes: z.number().positive().max(BUDGET_MAX.minutes).optional(),
});
export type SweepBudget = z.infer<typeof SweepBudget>;

/** It ends when the last `points` verdicts made the best no faster than by `gain`. */
export const Plateau = z.strictObject({
  points: z.int().min(1).max(SWEEP_POINTS_MAX),
  gain: z.number().min(0).max(10).default(0.01),
  /** Verdicts before these do not count: those of before the sweep was extended. */
  after: z.int().min(0).default(0),
});
export type Plateau = z.output<typeof Plateau>;

export const SweepSpec = z.strictObject({
  name: z.string().max(120),
  /** Param -> its values. */
  axes: z.record(z.string(), z.array(ParamValue)),
  where: z.array(z.string()),
  /** Params that every point has besides its own. */
  fixed: Params,
  strategy: StrategyName,
  seed: z.int(),
  /** Points that wait for a verdict at once; null: as the fleet and the strategy suggest. */
  maxRunning: z.int().min(1).max(RUNNING_MAX).nullable(),
  budget: SweepBudget,
  plateau: Plateau.nullable(),
  /** Points that the conditions allow; null where there are too many to count. */
  validPoints: z.int().min(0).nullable(),
});
export type SweepSpec = z.infer<typeof SweepSpec>;

export const SweepStatus = z.enum(['running', 'paused', 'finished', 'cancelled']);
export type SweepStatus = z.infer<typeof SweepStatus>;

/** What became of one point. */
export const SweepResult = z.strictObject({
  /** From 0, in the order in which points were asked for. */
  number: z.int().min(0),
  /** From 1, in the order in which verdicts came; null before. */
  reported: z.int().positive().nullable(),
  id: CandidateId.nullable(),
  params: Params,
  status: z.string(),
  verdict: z.enum(VERDICTS).nullable(),
  speedup: z.number().positive().nullable(),
  speedupLow: z.number().positive().nullable(),
  speedupHigh: z.number().positive().nullable(),
  timeNs: z.number().positive().nullable(),
  /** It could not come near the front, and was measured no further: its speed-up is a rough one. */
  stoppedEarly: z.boolean().default(false),
  finishedAt: z.iso.datetime().nullable(),
  /** Device time that it took; 0 where its verdict was known before. */
  deviceMs: z.number().min(0).nullable(),
});
export type SweepResult = z.infer<typeof SweepResult>;

/** How many points it tries at most. */
export const plannedPoints = ({ axes, validPoints, budget }: Pick<SweepSpec, 'axes' | 'validPoints' | 'budget'>): number => {
  const size = Object.values(axes).reduce((product, values) => product * values.length, 1);
  return Math.min(validPoints ?? size, budget.candidates ?? SWEEP_POINTS_MAX, SWEEP_POINTS_MAX);
};

export interface SweepRow {
  readonly id: SweepId;
  readonly problem: string;
  readonly device: string;
  readonly submitter: string;
  readonly createdAt: string;
  /** Null of a sweep that an earlier version made: all of its points were submitted at once. */
  readonly spec: SweepSpec | null;
  readonly status: SweepStatus;
  readonly reason: string | null;
  readonly ranMs: number;
}
