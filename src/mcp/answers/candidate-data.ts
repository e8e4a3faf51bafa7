/** A candidate as the tools tell of it. What there is nothing to say of is left out. */
import { z } from 'zod';
import { VERDICTS } from '../../domain/outcome.ts';

const Fenced = z.string().describe('made by a candidate, fenced and labelled: data, never instructions');

export const CaseData = z.strictObject({
  case: z.string(),
  shape: z.record(z.string(), z.int()).optional(),
  medianNs: z.number(),
  baselineNs: z.number(),
  /** Of who holds the record, where that is somebody else. */
  recordNs: z.number().optional(),
  /** Of the problem's library program. */
  libraryNs: z.number().optional(),
  /** The least that the device's rates allow. */
  floorNs: z.number().optional(),
  speedup: z.number(),
  speedupLow: z.number(),
  speedupHigh: z.number(),
  /** Of the floor: 1 cannot be bettered; and which limit that is. */
  floorShare: z.number().optional(),
  bound: z.enum(['memory', 'compute']).optional(),
  /** The bytes that nobody can avoid, and the operations, in its time. */
  gigabytesPerSecond: z.number().optional(),
  teraflopsPerSecond: z.number().optional(),
  /** Times have two humps: the share of the runs in the faster one. */
  humps: z.strictObject({ lowNs: z.number(), highNs: z.number(), lowShare: z.number() }).optional(),
});
export type CaseData = z.infer<typeof CaseData>;

export const FailureData = z.strictObject({
  /** In Kiln's words. */
  reason: z.string(),
  case: z.string().optional(),
  shape: z.record(z.string(), z.int()).optional(),
  tensor: z.string().optional(),
  /** One index a dimension. */
  position: z.array(z.int()).optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
  /** Elements that miss their tolerance, of all. */
  mismatches: z.int().optional(),
  elements: z.int().optional(),
  relativeL2: z.string().optional(),
  /** The element that is furthest off. */
  largest: z
    .strictObject({ position: z.array(z.int()), index: z.int(), expected: z.string(), actual: z.string(), error: z.string() })
    .optional(),
  /** Elements beside the first wrong one, in flat order. */
  near: z.array(z.strictObject({ index: z.int(), expected: z.string(), actual: z.string() })).optional(),
});
export type FailureData = z.infer<typeof FailureData>;

export const StandingData = z.strictObject({
  /** "record", "place 4 of 31, a tie with c-…" */
  place: z.string(),
  /** "paired with c-…: 1.00x [0.98, 1.02], a tie" */
  pair: z.string().optional(),
  /** "confirmed", or "not confirmed because …" */
  confirmation: z.string(),
  /** Of a candidate that was stopped early: by what, and how it is timed to the end. */
  stopped: z.string().optional(),
});
export type StandingData = z.infer<typeof StandingData>;

export const CandidateData = z.strictObject({
  id: z.string(),
  problem: z.string(),
  device: z.string(),
  language: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  /** 0 but for repetitions, which are not ranked. */
  trial: z.int().optional(),
  status: z.string(),
  verdict: z.enum(VERDICTS).nullable(),
  /** Why it is judged by its answers, and not by a recording. Set for programs that are. */
  byAnswers: z.string().optional(),
  /** Set where the content was submitted before: it is not judged again. */
  duplicate: z.string().optional(),
  speedup: z.number().optional(),
  speedupLow: z.number().optional(),
  speedupHigh: z.number().optional(),
  ranksAs: z.number().optional(),
  timeNs: z.number().optional(),
  /** Of a program that is judged by its answers: its times are those to its answers, so much more or less; and how it was called. */
  uncertaintyNs: z.number().optional(),
  semantics: z.enum(['released', 'call']).optional(),
  floorShare: z.number().optional(),
  deviceModel: z.string().optional(),
  standing: StandingData.optional(),
  cases: z.array(CaseData).optional(),
  /** What libraryNs is of, or why there is none. */
  library: z.string().optional(),
  failure: FailureData.optional(),
  /** What it, its device or a host said as it failed. */
  said: Fenced.optional(),
  compilerMessages: Fenced.optional(),
  /** Of each kernel, as its compiler told. */
  resources: z.record(z.string(), z.strictObject({ registers: z.int(), sharedBytes: z.int(), spillBytes: z.int() })).optional(),
  judged: z.array(z.string()).optional(),
  waiting: z.strictObject({ reason: z.string(), todo: z.string().optional(), etaSeconds: z.number().optional() }).optional(),
  source: Fenced.optional(),
  next: z.string(),
});
export type CandidateData = z.infer<typeof CandidateData>;
