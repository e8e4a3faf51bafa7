import { z } from 'zod';
import { SweepId } from '../ids.ts';
import { PlainText } from '../plain-text.ts';
import { Params, ParamValue, SpaceCondition } from '../plan/plan.ts';
import { VALUES_MAX, looksLikeRange, valuesOfRange } from '../plan/value-range.ts';
import { Candidate } from '../candidate.ts';
import { Plateau, RUNNING_MAX, StrategyName, SweepBudget, SweepResult, SweepSpec, SweepStatus } from '../sweep/sweep.ts';
import { SubmitCandidate } from './candidates.ts';
import { RowNumber } from './row-number.ts';
import { WAIT_SECONDS_MAX } from './limits.ts';

const Count = z.int().min(0);
const CONDITIONS_MAX = 64;

/** A list of values, or a range such as `4..64 step 4` or `1..64 powers`. */
const Axis = z.union([
  z
    .array(z.union([ParamValue, z.boolean()]))
    .min(1)
    .max(VALUES_MAX),
  z
    .string()
    .max(100)
    .refine(looksLikeRange, 'a list of values, or a range')
    .superRefine((text, context) => {
      const values = valuesOfRange(text);
      if (typeof values === 'string') context.addIssue({ code: 'custom', message: values });
    }),
]);

/** POST /v1/sweeps: one source, many params. Points are submitted as they are tried. */
export const CreateSweep = z.strictObject({
  candidate: SubmitCandidate,
  /** Params that stay as they are unless an axis varies them: those of the candidate that it begins with. */
  base: Params.optional(),
  /** Param -> what it may be; left empty it is the plan's `space` but for the params that the candidate sets. */
  space: z.record(z.string(), Axis).default({}),
  /** What must hold of a point, such as `BLOCK * VEC <= 1024`, besides the plan's `where`. */
  where: z.array(SpaceCondition).max(CONDITIONS_MAX).default([]),
  strategy: StrategyName.default('grid'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1),
  /** Points that wait for a verdict at once; left out, as the fleet and the strategy suggest. */
  maxRunning: z.int().min(1).max(RUNNING_MAX).optional(),
  /** It ends at the first limit that is reached; without any, at the end of the space. */
  budget: SweepBudget.default({}),
  plateau: Plateau.omit({ after: true }).optional(),
  name: PlainText.max(120).default(''),
});
export type CreateSweep = z.input<typeof CreateSweep>;

/** POST /v1/sweeps/:id/extend: so much more than before. */
export const ExtendSweep = SweepBudget.refine((more) => Object.keys(more).length > 0, 'give candidates, gpuSeconds or minutes');
export type ExtendSweep = z.input<typeof ExtendSweep>;

export const SweepParams = z.strictObject({ id: SweepId });

/** GET /v1/sweeps/:id: progress and its best candidates so far. */
export const SweepView = z.strictObject({
  id: SweepId,
  problem: z.string(),
  device: z.string(),
  submitter: z.string(),
  createdAt: z.iso.datetime(),
  status: SweepStatus,
  /** Why it stands or ended, or what it waits for; null where nothing is to be said. */
  reason: z.string().nullable(),
  /** Null of a sweep that an earlier version made. */
  spec: SweepSpec.nullable(),
  /** Points that it tries at most. */
  size: Count,
  /** Points that were tried. */
  asked: Count,
  /** Candidates of those by status; `done` ones by verdict. */
  byStatus: z.record(z.string(), z.int()),
  byVerdict: z.record(z.string(), z.int()),
  spent: z.strictObject({ gpuSeconds: z.number().min(0), minutes: z.number().min(0) }),
  best: z.array(Candidate),
});
export type SweepView = z.infer<typeof SweepView>;

/** GET /v1/sweeps: the last ones, newest first. */
export const SweepList = z.strictObject({
  sweeps: z.array(
    z.strictObject({
      id: SweepId,
      name: z.string(),
      problem: z.string(),
      device: z.string(),
      submitter: z.string(),
      strategy: StrategyName.nullable(),
      status: SweepStatus,
      reason: z.string().nullable(),
      createdAt: z.iso.datetime(),
      size: Count,
      asked: Count,
      done: Count,
      passed: Count,
      best: z.number().positive().nullable(),
      gpuSeconds: z.number().min(0),
    }),
  ),
});
export type SweepList = z.infer<typeof SweepList>;

export const RESULTS_MAX = 10_000;
export const SweepResultsQuery = z.strictObject({
  /** `reported` of the last result that is known. */
  after: RowNumber.min(0).default(0),
  limit: z.coerce.number().int().min(1).max(RESULTS_MAX).default(1000),
  /** Holds the answer until there is something, or the sweep is over. */
  wait: z.coerce.number().int().min(0).max(WAIT_SECONDS_MAX).default(0),
});
export type SweepResultsQuery = z.output<typeof SweepResultsQuery>;
/** GET /v1/sweeps/:id/results: what became of its points, in the order in which verdicts came. */
export const SweepResults = z.strictObject({
  results: z.array(SweepResult),
  /** More will come, or are there already: ask again with `after`. */
  more: z.boolean(),
});
export type SweepResults = z.infer<typeof SweepResults>;

export const SweepPointsQuery = z.strictObject({
  /** `number` of the last point that is known. */
  after: RowNumber.min(-1).default(-1),
  limit: z.coerce.number().int().min(1).max(RESULTS_MAX).default(RESULTS_MAX),
});
export type SweepPointsQuery = z.output<typeof SweepPointsQuery>;
/** GET /v1/sweeps/:id/points: what was submitted, in its order. */
export const SweepPoints = z.strictObject({
  points: z.array(SweepResult.extend({ id: SweepResult.shape.id.unwrap() })),
  next: z.int().nullable(),
});
export type SweepPoints = z.infer<typeof SweepPoints>;

export const PLOTS = ['coordinates', 'heat', 'progress'] as const;
export const SweepPlotQuery = z.strictObject({
  kind: z.enum(PLOTS).default('coordinates'),
  /** Of a heat map: params; left out, the first two that vary. */
  across: PlainText.max(128).optional(),
  down: PlainText.max(128).optional(),
});
export type SweepPlotQuery = z.output<typeof SweepPlotQuery>;
