/**
 * What a generator is told, as data: the `command` generator gets it as JSON on standard input, models get it as a prompt.
 * Whatever candidates made (logs, notes, ideas, sources) is untrusted text: shown fenced and labelled, never as instructions.
 */
import { z } from 'zod';
import { WritingMove } from './campaign.ts';
import { Diagnosis, Proposal } from './diagnosis.ts';
import { DeviceClass } from '../device.ts';
import { CandidateId } from '../ids.ts';
import { LibraryTime } from '../library.ts';
import { VERDICTS } from '../outcome.ts';
import { Language, Params } from '../plan/plan.ts';
import { Problem } from '../problem.ts';
import { ProfileSummary } from '../profile.ts';

export const CONTEXT_VERSION = 1;

/** A judged candidate, shown to a generator. Times are nanoseconds, ratios plain. */
export const Exhibit = z.strictObject({
  candidateId: CandidateId,
  language: Language,
  source: z.string(),
  params: Params,
  idea: z.string(),
  /** Against the baseline, geometric mean over the bench cases; null unless it passed. */
  speedup: z.number().nullable(),
  /** Physical floor / time, 0 to 1; null where it is unknown. */
  floorShare: z.number().nullable(),
  /** `floorShare`: the case's floor / its time; left out where no floor is known. `baselineNs`: of 1.00x, beside it. */
  cases: z.array(
    z.strictObject({
      case: z.string(),
      medianNs: z.number(),
      baselineNs: z.number().optional(),
      speedup: z.number(),
      floorShare: z.number().optional(),
    }),
  ),
  profile: ProfileSummary.nullable(),
  /** Its times rest on few runs: it could not come near the front of the ranking. */
  stoppedEarly: z.literal(true).optional(),
});
export type Exhibit = z.infer<typeof Exhibit>;

/** One of the agent's own last tries. */
export const PastAttempt = z.strictObject({
  idea: z.string(),
  params: Params,
  verdict: z.enum(VERDICTS).nullable(),
  speedup: z.number().nullable(),
  /** In one line: why it failed or was stopped early, or null. */
  reason: z.string().nullable(),
});
export type PastAttempt = z.infer<typeof PastAttempt>;

/** What the agent wrote before in this conversation, and what became of it. */
export const Turn = Exhibit.extend({
  verdict: z.enum(VERDICTS).nullable(),
  /** What the judge or the compiler said; null where it passed. */
  failure: z.string().nullable(),
});
export type Turn = z.infer<typeof Turn>;

/** One idea, over all agents on this problem and device. Ratios are to what the idea was applied to: above 1 is faster. */
export const MemoryRow = z.strictObject({
  idea: z.string(),
  tries: z.int().min(0),
  passed: z.int().min(0),
  bestRatio: z.number().nullable(),
  bestSpeedup: z.number().nullable(),
  /** Of the try with the best ratio. */
  cases: z.array(z.strictObject({ case: z.string(), ratio: z.number() })),
  /** Tries that did not pass, by verdict. */
  failures: z.record(z.string(), z.int()),
});
export type MemoryRow = z.infer<typeof MemoryRow>;

/** How fast a bench case can be at best on this device, and which limit that is. */
export const Headroom = z.strictObject({ case: z.string(), floorNs: z.number(), bound: z.enum(['memory', 'compute']) });
export type Headroom = z.infer<typeof Headroom>;

export const DeviceSheet = z.strictObject({
  class: DeviceClass,
  model: z.string(),
  /** "sm_90a", or "native" for the cpu device. */
  architecture: z.string(),
  multiprocessors: z.int(),
  memoryBytes: z.number(),
  l2Bytes: z.number(),
  /** Most dynamic shared memory of a block, bytes; null where it is unknown. */
  sharedBytesPerBlock: z.number().nullable(),
  /** Measured: a large copy, read plus written, bytes/s; null before it is measured. */
  copyBytesPerSecond: z.number().nullable(),
  /** The vendor's peaks: bytes/s and operations/s by unit; null where none are known. */
  peakBytesPerSecond: z.number().nullable(),
  peakFlopsPerSecond: z.record(z.string(), z.number()).nullable(),
});
export type DeviceSheet = z.infer<typeof DeviceSheet>;

export const GenerationContext = z.strictObject({
  version: z.literal(CONTEXT_VERSION),
  move: WritingMove,
  problem: Problem,
  /** The problem's README and its reference, as people read them. */
  statement: z.string(),
  reference: z.strictObject({ file: z.string(), source: z.string() }),
  /** The launch-plan contract in Markdown, and two short candidates that follow it. */
  contract: z.string(),
  examples: z.array(z.strictObject({ language: Language, source: z.string() })),
  device: DeviceSheet,
  /** What is to be known of its architecture, Markdown; empty where nothing is written of it. */
  playbook: z.string().default(''),
  languages: z.array(Language).min(1),
  /** The record holder, or null while there is none. */
  incumbent: Exhibit.nullable(),
  /** What to start from: none for `new`, one for `improve` and `repair`, two for `cross`. */
  parents: z.array(Exhibit),
  /** For `repair`: what went wrong with the parent. */
  failure: z.strictObject({ verdict: z.enum(VERDICTS), message: z.string() }).nullable(),
  attempts: z.array(PastAttempt),
  /** Of this conversation, oldest first; none where it begins. */
  turns: z.array(Turn).default([]),
  memory: z.array(MemoryRow).default([]),
  /** What was applied to the first parent before, newest last. `ratio`: to the parent; null unless it passed. */
  tried: z
    .array(z.strictObject({ idea: z.string(), verdict: z.enum(VERDICTS).nullable(), ratio: z.number().nullable() }))
    .default([]),
  /** Of earlier campaigns on this problem and device model. */
  earlier: z.array(MemoryRow).default([]),
  /** What gained most on other problems on the same device: of this campaign, or of earlier ones on problems of the same kind. */
  elsewhere: z.array(MemoryRow.extend({ problem: z.string() })).default([]),
  /** None where no floor is known. */
  headroom: z.array(Headroom).default([]),
  /** What the problem's library program takes on this device model, or why nobody knows; null where the problem names none. */
  library: LibraryTime.nullable().default(null),
  /** Ideas that were proposed for these parents before, whether somebody writes them or not. */
  proposed: z.array(z.string()).default([]),
  /** What is to be carried out, where somebody proposed it before: which of how many candidates of the idea this one is. */
  proposal: Proposal.extend({
    bottleneck: Diagnosis.shape.bottleneck,
    finding: Diagnosis.shape.finding,
    implementation: z.int().min(1),
    of: z.int().min(1),
  })
    .nullable()
    .default(null),
  /** Drawn anew for each generation from the campaign's seed: a deterministic generator needs no other chance. */
  seed: z.int().min(0),
});
export type GenerationContext = z.infer<typeof GenerationContext>;
