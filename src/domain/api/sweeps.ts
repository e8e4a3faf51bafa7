import { z } from 'zod';
import { CandidateId, SweepId } from '../ids.ts';
import { ParamValue } from '../plan/plan.ts';
import { CandidateRecord, SweepRecord } from '../records.ts';
import { SubmitCandidate } from './candidates.ts';

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

/** GET /v1/sweeps/:id: progress and its best candidates so far. */
export const SweepView = SweepRecord.extend({ best: z.array(CandidateRecord) });
export type SweepView = z.infer<typeof SweepView>;
