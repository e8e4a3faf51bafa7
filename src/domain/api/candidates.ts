import { z } from 'zod';
import { Move } from '../campaign/campaign.ts';
import { Candidate, Effort, PRIORITY_DEFAULT, PRIORITY_LAST } from '../candidate.ts';
import { CampaignId, CandidateId, SweepId } from '../ids.ts';
import { VERDICTS } from '../outcome.ts';
import { PlainText } from '../plain-text.ts';
import { Language, Params } from '../plan/plan.ts';
import { ResolvedPlan } from '../plan/resolved-plan.ts';
import { FilePath, Program } from '../program.ts';
import { Score } from '../ranking/ranking.ts';
import { BATCH_MAX, WAIT_SECONDS_MAX } from './limits.ts';

const Verdict = z.enum(VERDICTS);
const Instant = z.iso.datetime();

const Count = z.int().min(0);

/** Of submissions that name nobody: where the caller's token stands for somebody, it is that submitter. */
export const SUBMITTER_DEFAULT = 'anonymous';
/** Who submits by MCP and says no name. */
export const MCP_SUBMITTER = 'mcp';
export const CandidateParams = z.strictObject({ id: CandidateId });

const SOURCE_FILES_MAX = 16;
const SourceFiles = z
  .record(FilePath, PlainText)
  .refine((files) => Object.keys(files).length <= SOURCE_FILES_MAX, `at most ${SOURCE_FILES_MAX} files`);

/** One candidate as people submit it. */
export const SubmitCandidate = z.strictObject({
  problem: z.string().min(1).max(64),
  source: PlainText.min(1),
  /** Left out: told by the plan header's comment style is not tried; `cuda` is assumed. */
  language: Language.default('cuda'),
  device: z.string().min(1).max(40).default('H100'),
  /** Override params of the plan's header. */
  params: Params.default({}),
  /** For `cuda` and `c`: path -> text of what the source includes by `#include "path"`. They become part of the source, where it includes them. */
  files: SourceFiles.optional(),
  /** For language `python`: `source` is the entry file, and this says the rest. */
  program: Program.optional(),
  priority: z.int().min(1).max(PRIORITY_LAST).default(PRIORITY_DEFAULT),
  submitter: PlainText.min(1).max(64).default(SUBMITTER_DEFAULT),
  labels: z.array(PlainText.min(1).max(64)).max(16).default([]),
  trial: z.int().min(0).max(9999).default(0),
  /** With a trial above 0: it is timed in pairs with this candidate, that passed the same problem on the same device class. */
  against: CandidateId.optional(),
  /** Not part of the content: `full` for one that is known and was stopped early has it judged again. */
  effort: Effort.optional(),
  /** Profile it once it has passed. Not part of the content: one that is known and has passed is profiled now, unless it has been. */
  profile: z.boolean().optional(),
});
export type SubmitCandidate = z.input<typeof SubmitCandidate>;

/** POST /v1/candidates: one, or {candidates: [...]} up to BATCH_MAX. */
export const SubmitBody = z.union([
  SubmitCandidate,
  z.strictObject({ candidates: z.array(SubmitCandidate).min(1).max(BATCH_MAX) }),
]);
export type SubmitBody = z.input<typeof SubmitBody>;

/** Answer for each candidate, in the order sent. `known`: the same content was submitted before, and has its verdict or waits for it. */
export const Submitted = z.strictObject({
  id: CandidateId,
  known: z.boolean(),
  status: z.string(),
  verdict: z.enum(VERDICTS).nullable(),
  /** Why it is done already (a plan error), or is judged again (it was cancelled before); otherwise null. */
  message: z.string().nullable(),
});
export type Submitted = z.infer<typeof Submitted>;
export const SubmitAnswer = z.strictObject({ candidates: z.array(Submitted) });
export type SubmitAnswer = z.infer<typeof SubmitAnswer>;

export const ListQuery = z.strictObject({
  problem: PlainText.optional(),
  device: PlainText.optional(),
  status: PlainText.optional(),
  verdict: z.enum(VERDICTS).optional(),
  submitter: PlainText.optional(),
  sweep: PlainText.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  /** Opaque; from `next` of the page before. */
  cursor: PlainText.optional(),
});
export type ListQuery = z.output<typeof ListQuery>;
export const CandidateList = z.strictObject({ candidates: z.array(Candidate), next: z.string().nullable() });
export type CandidateList = z.infer<typeof CandidateList>;

export const CancelAnswer = z.strictObject({ id: CandidateId, status: z.string() });
export type CancelAnswer = z.infer<typeof CancelAnswer>;

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
  /** Its time is that to a program's answers: how much that leaves open. */
  answers: Score.shape.answers.unwrap().nullable().default(null),
  submittedAt: Instant,
  finishedAt: Instant.nullable(),
});
export type CandidateSummary = z.infer<typeof CandidateSummary>;
export const SummaryList = z.strictObject({ candidates: z.array(CandidateSummary), next: z.string().nullable() });
export type SummaryList = z.infer<typeof SummaryList>;

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
  /** Whether a profile of it was ever asked for. */
  profiled: z.boolean(),
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

/** `wait`: hold the answer back until the candidate is done, at most this many seconds. */
export const CandidateQuery = z.strictObject({ wait: z.coerce.number().min(0).max(WAIT_SECONDS_MAX).default(0) });
