import { z } from 'zod';
import { Candidate } from '../candidate.ts';
import { CandidateId, SweepId } from '../ids.ts';
import { ParamValue } from '../plan/plan.ts';
import { CandidateSummary, SubmitCandidate } from './candidates.ts';

const Instant = z.iso.datetime();

const Count = z.int().min(0);

export const SWEEP_POINTS_MAX = 10_000;
const Axis = z.array(ParamValue).min(1).max(1000);

/**
 * POST /v1/sweeps: one source, many params. `grid` is the full product, and left empty it is the plan's `space` but for the params that the
 * candidate sets; `random` draws points of it without repetition.
 */
export const CreateSweep = z.strictObject({
  candidate: SubmitCandidate,
  grid: z.record(z.string(), Axis).default({}),
  random: z.strictObject({ count: z.int().min(1).max(SWEEP_POINTS_MAX), seed: z.int().default(1) }).optional(),
});
export type CreateSweep = z.input<typeof CreateSweep>;

export const SweepCreated = z.strictObject({ id: SweepId, size: z.int(), candidateIds: z.array(CandidateId) });
export type SweepCreated = z.infer<typeof SweepCreated>;

export const SweepProgress = z.strictObject({
  id: SweepId,
  problem: z.string(),
  device: z.string(),
  createdAt: Instant,
  size: z.int().min(0),
  /** Candidates by status; `done` ones by verdict. */
  byStatus: z.record(z.string(), z.int()),
  byVerdict: z.record(z.string(), z.int()),
});
export type SweepProgress = z.infer<typeof SweepProgress>;

/** GET /v1/sweeps/:id: progress and its best candidates so far. */
export const SweepView = SweepProgress.extend({ best: z.array(Candidate) });
export type SweepView = z.infer<typeof SweepView>;

export const SweepList = z.strictObject({
  sweeps: z.array(
    z.strictObject({
      id: SweepId,
      problem: z.string(),
      device: z.string(),
      createdAt: Instant,
      size: Count,
      done: Count,
      passed: Count,
      best: z.number().positive().nullable(),
    }),
  ),
});
export type SweepList = z.infer<typeof SweepList>;

/** GET /v1/sweeps/:id/points: all of them, in the order of submission. */
export const SweepPoints = z.strictObject({
  points: z.array(
    CandidateSummary.pick({
      id: true,
      params: true,
      status: true,
      verdict: true,
      speedup: true,
      speedupLow: true,
      speedupHigh: true,
      timeNs: true,
      stoppedEarly: true,
      finishedAt: true,
    }),
  ),
});
export type SweepPoints = z.infer<typeof SweepPoints>;
