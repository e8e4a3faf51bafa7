import { z } from 'zod';
import { CandidateId, SweepId } from '../ids.ts';
import { PlainText } from '../plain-text.ts';
import { Language } from '../plan/plan.ts';
import { Problem } from '../problem.ts';
import { RankingClass, RankingEntry } from '../ranking/ranking.ts';

const Instant = z.iso.datetime();

const Count = z.int().min(0);

/** A folder of problems that does not load. The problem of before, where there was one, goes on. */
export const RefusedProblem = z.strictObject({ name: z.string(), folder: z.string(), reason: z.string() });
export type RefusedProblem = z.infer<typeof RefusedProblem>;

export const ProblemList = z.strictObject({
  problems: z.array(z.strictObject({ name: z.string(), title: z.string(), targets: z.array(z.enum(['gpu', 'cpu'])) })),
  refused: z.array(RefusedProblem).default([]),
});
export type ProblemList = z.infer<typeof ProblemList>;

/** GET /v1/contract: what is of other languages alone is left out. */
export const ContractQuery = z.strictObject({ language: Language.optional() });
export type ContractQuery = z.output<typeof ContractQuery>;

/** POST /v1/problems/reload: names. */
export const ProblemsReloaded = z.strictObject({
  added: z.array(z.string()),
  changed: z.array(z.string()),
  removed: z.array(z.string()),
  unchanged: Count,
  refused: z.array(RefusedProblem),
});
export type ProblemsReloaded = z.infer<typeof ProblemsReloaded>;

/** GET /v1/problems/:name/versions: what candidates were submitted for, newest first. Rankings of different versions are never compared. */
export const ProblemVersionList = z.strictObject({
  versions: z.array(
    z.strictObject({
      version: z.string(),
      /** What is submitted now is for this one. */
      isCurrent: z.boolean(),
      devices: z.array(z.string()),
      candidates: Count,
      ranked: Count,
      waiting: Count,
      lastSubmittedAt: Instant,
    }),
  ),
});
export type ProblemVersionList = z.infer<typeof ProblemVersionList>;

/** GET /v1/problems/:name: the definition with its files' text. */
export const ProblemView = z.strictObject({ problem: Problem, readme: z.string(), files: z.record(z.string(), z.string()) });
export type ProblemView = z.infer<typeof ProblemView>;

export const RankingQuery = z.strictObject({
  /** A device class ("H100") or a full model name. */
  device: PlainText.max(200).optional(),
  /** Only these, ranked among themselves. */
  submitter: PlainText.max(64).optional(),
  language: Language.optional(),
  sweep: SweepId.optional(),
  /** `program`: programs by the time to their answers, which are not compared with the others. */
  class: RankingClass.default('device'),
  /** A version of the problem, or its first digits; left out: as it is now. */
  version: z
    .string()
    .regex(/^[0-9a-f]{6,64}$/u, 'a version is 6 to 64 hex digits; GET /v1/problems/NAME/versions lists them')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
export type RankingQuery = z.output<typeof RankingQuery>;
/** One list per device model: models are never compared. */
export const RankingView = z.strictObject({
  problem: z.string(),
  /** The definitions of the problem that its candidates were submitted for: one for GPUs, one for the cpu device. */
  versions: z.array(z.string()).default([]),
  class: RankingClass.default('device'),
  models: z.array(
    z.strictObject({
      deviceModel: z.string(),
      device: z.string(),
      /** Set for the cpu device, whose candidates run natively ("for development only"), and for models without known peak rates: no floor holds there. */
      note: z.string().nullable(),
      entries: z.array(RankingEntry),
    }),
  ),
  /** Candidates of this problem that did not pass, by verdict. */
  failed: z.record(z.string(), Count),
});
export type RankingView = z.infer<typeof RankingView>;

export const RecordsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) });
export type RecordsQuery = z.output<typeof RecordsQuery>;
/** GET /v1/records: the last ones that were taken, newest first. Those that the journal no longer holds are not among them. */
export const RecordList = z.strictObject({
  records: z.array(
    z.strictObject({
      candidateId: CandidateId,
      problem: z.string(),
      deviceModel: z.string(),
      class: RankingClass.default('device'),
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
