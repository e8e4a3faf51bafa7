/** Answers made for those who look: what devices did of late, many candidates at once, how a record came about, what a plan comes to. */
import { z } from 'zod';
import { Move } from '../campaign/campaign.ts';
import { AttemptId, CampaignId, CandidateId, DeviceId, HostId, SweepId } from '../ids.ts';
import { VERDICTS } from '../outcome.ts';
import { Language, Params } from '../plan/plan.ts';
import { ResolvedPlan } from '../plan/resolved-plan.ts';
import { ListQuery } from './candidates.ts';

const Count = z.int().min(0);
const Instant = z.iso.datetime();
const Milliseconds = z.number().min(0);
const Verdict = z.enum(VERDICTS);

export const ACTIVITY_MAX = 20_000;
export const ActivityQuery = z.strictObject({
  /** Attempts that finished after this moment. */
  since: z.iso.datetime(),
  limit: z.coerce.number().int().min(1).max(ACTIVITY_MAX).default(ACTIVITY_MAX),
});
export type ActivityQuery = z.output<typeof ActivityQuery>;

/** One attempt and where the device's time went. */
export const Activity = z.strictObject({
  attemptId: AttemptId,
  problem: z.string(),
  hostId: HostId,
  deviceId: DeviceId,
  mode: z.enum(['screen', 'confirm']),
  startedAt: Instant.nullable(),
  finishedAt: Instant,
  verdict: Verdict.nullable(),
  /** Why the attempt failed for a reason that is not the candidate's, or null. */
  infra: z.string().nullable(),
  idleGapMs: Milliseconds,
  loadMs: Milliseconds,
  checkMs: Milliseconds,
  measureMs: Milliseconds,
});
export type Activity = z.infer<typeof Activity>;
/** Oldest first; the newest where there are more than `limit`. */
export const ActivityList = z.strictObject({ attempts: z.array(Activity) });
export type ActivityList = z.infer<typeof ActivityList>;

export const SUMMARIES_MAX = 2000;
export const SummariesQuery = ListQuery.extend({
  language: Language.optional(),
  limit: z.coerce.number().int().min(1).max(SUMMARIES_MAX).default(500),
});
export type SummariesQuery = z.output<typeof SummariesQuery>;

/** A candidate in a line. */
export const CandidateSummary = z.strictObject({
  id: CandidateId,
  problem: z.string(),
  device: z.string(),
  language: Language,
  params: Params,
  submitter: z.string(),
  sweepId: SweepId.nullable(),
  trial: Count,
  status: z.string(),
  verdict: Verdict.nullable(),
  speedup: z.number().positive().nullable(),
  speedupLow: z.number().positive().nullable(),
  speedupHigh: z.number().positive().nullable(),
  timeNs: z.number().positive().nullable(),
  confirmed: z.boolean(),
  /** Its times rest on few runs. */
  stoppedEarly: z.boolean().default(false),
  submittedAt: Instant,
  finishedAt: Instant.nullable(),
});
export type CandidateSummary = z.infer<typeof CandidateSummary>;
export const SummaryList = z.strictObject({ candidates: z.array(CandidateSummary), next: z.string().nullable() });
export type SummaryList = z.infer<typeof SummaryList>;

export const RecordsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) });
export type RecordsQuery = z.output<typeof RecordsQuery>;
/** GET /v1/records: the last ones that were taken, newest first. Those that the journal no longer holds are not among them. */
export const RecordList = z.strictObject({
  records: z.array(
    z.strictObject({
      candidateId: CandidateId,
      problem: z.string(),
      deviceModel: z.string(),
      submitter: z.string(),
      speedup: z.number().positive(),
      at: Instant,
    }),
  ),
});
export type RecordList = z.infer<typeof RecordList>;

/** A candidate that was faster than all before it. */
export const ProgressStep = z.strictObject({
  candidateId: CandidateId,
  submitter: z.string(),
  language: Language,
  at: Instant,
  /** Device time of all candidates of this problem and model up to then. */
  gpuSeconds: z.number().min(0),
  /** Candidates judged up to then. */
  judged: Count,
  speedup: z.number().positive(),
  speedupLow: z.number().positive(),
  speedupHigh: z.number().positive(),
});
export type ProgressStep = z.infer<typeof ProgressStep>;
/** GET /v1/problems/:name/progress: how the best confirmed speed-up came about, one list per device model. */
export const ProgressView = z.strictObject({
  problem: z.string(),
  models: z.array(
    z.strictObject({
      deviceModel: z.string(),
      device: z.string(),
      judged: Count,
      gpuSeconds: z.number().min(0),
      firstAt: Instant,
      lastAt: Instant,
      steps: z.array(ProgressStep),
    }),
  ),
});
export type ProgressView = z.infer<typeof ProgressView>;

/** GET /v1/candidates/:id/plan and POST /v1/plans/check. */
export const PlanView = z.strictObject({
  /** Why it is no plan; null where it is one. `line`: of the file, where it is known. */
  complaint: z.strictObject({ field: z.string(), message: z.string(), line: z.int().positive().nullable() }).nullable(),
  /** What the device that judged it allows; null before it passed, and where nothing is known. */
  ceilings: z
    .strictObject({
      bytesPerSecond: z.number().positive(),
      /** On the problem's unit; null where no peak is known. */
      flopsPerSecond: z.number().positive().nullable(),
      /** `vendor`: peak rates of the data sheet. `measured`: the rate of a large copy on the device. */
      source: z.enum(['vendor', 'measured']),
    })
    .nullable(),
  cases: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['check', 'bench']),
      shape: z.record(z.string(), z.int()),
      plan: ResolvedPlan,
      /** The least a correct kernel reads and writes, and its operations. */
      bytes: z.number().min(0),
      flops: z.number().min(0),
    }),
  ),
});
export type PlanView = z.infer<typeof PlanView>;

/** GET /v1/candidates/:id/origin: where it comes from. */
export const OriginView = z.strictObject({
  sweepId: SweepId.nullable(),
  /** The generation that wrote it first; null where no campaign did. */
  generation: z
    .strictObject({
      campaignId: CampaignId,
      number: z.int().positive(),
      generator: z.string(),
      move: Move,
      idea: z.string(),
      parents: z.array(CandidateId),
    })
    .nullable(),
});
export type OriginView = z.infer<typeof OriginView>;

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
