import { z } from 'zod';
import { Effort, PRIORITY_DEFAULT } from '../candidate.ts';
import { CandidateId } from '../ids.ts';
import { PlainText } from '../plain-text.ts';
import { Language, Params } from '../plan/plan.ts';
import { Program } from '../program.ts';
import { CandidateRecord } from '../records.ts';
import { VERDICTS } from '../outcome.ts';

export const BATCH_MAX = 1000;

/** One candidate as people submit it. */
export const SubmitCandidate = z.strictObject({
  problem: z.string().min(1).max(64),
  source: PlainText.min(1),
  /** Left out: told by the plan header's comment style is not tried; `cuda` is assumed. */
  language: Language.default('cuda'),
  device: z.string().min(1).max(40).default('H100'),
  /** Override params of the plan's header. */
  params: Params.default({}),
  /** For language `python`: `source` is the entry file, and this says the rest. */
  program: Program.optional(),
  priority: z.int().min(1).max(2_000_000).default(PRIORITY_DEFAULT),
  submitter: PlainText.min(1).max(64).default('anonymous'),
  labels: z.array(PlainText.min(1).max(64)).max(16).default([]),
  trial: z.int().min(0).max(9999).default(0),
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
export const CandidateList = z.strictObject({ candidates: z.array(CandidateRecord), next: z.string().nullable() });
export type CandidateList = z.infer<typeof CandidateList>;

export const CancelAnswer = z.strictObject({ id: CandidateId, status: z.string() });
export type CancelAnswer = z.infer<typeof CancelAnswer>;
