import { z } from 'zod';
import { FinishedAttempt } from './attempt.ts';
import { JudgedAgain } from './canary.ts';
import { DeviceClass } from './device.ts';
import { AttemptId, CandidateId, DeviceId, HostId, SweepId } from './ids.ts';
import { KernelResources } from './kernel-resources.ts';
import { LibraryRunKey } from './library.ts';
import { Outcome, VERDICTS } from './outcome.ts';
import { Language, Params } from './plan/plan.ts';
import { ProgramContent } from './program.ts';
import { Score } from './ranking/ranking.ts';

const Instant = z.iso.datetime();

export const PRIORITY_DEFAULT = 100;
/** The last that anybody may ask for; what Kiln has judged for itself comes behind it. */
export const PRIORITY_LAST = 2_000_000;
export const PRIORITY_LIBRARY = PRIORITY_LAST + 1;

/** What is judged. Everything in `content` can change the verdict and is hashed into the id; the rest only steers the queue. */
export const CandidateContent = z.strictObject({
  problem: z.string(),
  /** Content hash of the problem for the device's kind: a problem that was edited is another problem, with a ranking of its own. */
  problemVersion: z.string(),
  language: Language,
  source: z.string(),
  params: Params,
  /** Of language `python`, and of no other. */
  program: ProgramContent.optional(),
  device: DeviceClass,
  /** The same content judged again as a candidate of its own, to test repeatability. Only trial 0 is ranked. */
  trial: z.int().min(0).max(9999),
  /** Of a trial: it is timed in pairs with this candidate, of the same problem and device. */
  against: CandidateId.optional(),
  /** Of a trial: it is the problem's own library program, timed as a target. */
  library: LibraryRunKey.optional(),
});
export type CandidateContent = z.infer<typeof CandidateContent>;

/**
 * How much of a candidate is measured. `racing` (also where it is left out): it is stopped early once it cannot come near the front of its ranking.
 * `full`: it is timed to the end.
 */
export const Effort = z.enum(['racing', 'full']);
export type Effort = z.infer<typeof Effort>;

export const Submission = z.strictObject({
  content: CandidateContent,
  /** 1 is first; equal priorities go first come, first served. */
  priority: z.int().min(1).max(PRIORITY_LIBRARY),
  submitter: z.string().min(1).max(64),
  /** Host labels that must all be there. */
  labels: z.array(z.string().max(64)).max(16),
  sweepId: SweepId.nullable(),
  effort: Effort.optional(),
});
export type Submission = z.infer<typeof Submission>;

/** It passed a screening as the fastest yet: the device model that it is to be confirmed on. A daemon that starts anew goes on there. */
const ToConfirm = { confirmOn: z.string().optional() };

/** Where a candidate is. Data lives in the state that owns it. */
export const CandidateState = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('queued'), ...ToConfirm }),
  z.strictObject({ status: z.literal('compiling'), hostId: HostId, ...ToConfirm }),
  /** Compiled on `hostId`, waiting for one of its devices. */
  z.strictObject({ status: z.literal('ready'), hostId: HostId, ...ToConfirm }),
  z.strictObject({ status: z.literal('judging'), hostId: HostId, deviceId: DeviceId, attemptId: AttemptId }),
  /** Judged once as the fastest yet; paired with the record holder before it may take its place. */
  z.strictObject({ status: z.literal('confirming'), hostId: HostId, deviceId: DeviceId, attemptId: AttemptId, ...ToConfirm }),
  z.strictObject({ status: z.literal('done'), outcome: Outcome, finishedAt: z.iso.datetime() }),
]);
export type CandidateState = z.infer<typeof CandidateState>;
export type CandidateStatus = CandidateState['status'];
export const CANDIDATE_STATUSES = CandidateState.options.map((option) => option.shape.status.value);

/** Allowed moves: the scheduler makes no other (scheduler/move-to.ts). `queued` is reachable from every live state: an infra failure puts a candidate back. */
export const TRANSITIONS = {
  queued: ['compiling', 'ready', 'judging', 'confirming', 'done'],
  compiling: ['queued', 'ready', 'done'],
  ready: ['queued', 'judging', 'confirming', 'done'],
  judging: ['queued', 'ready', 'confirming', 'done'],
  confirming: ['queued', 'ready', 'done'],
  done: [],
} as const satisfies Record<CandidateStatus, readonly CandidateStatus[]>;

export const canMove = (from: CandidateStatus, to: CandidateStatus): boolean =>
  (TRANSITIONS[from] as readonly CandidateStatus[]).includes(to);

/** Kept from being judged, since when and why. */
export const Pause = z.strictObject({ at: Instant, reason: z.string().nullable() });
export type Pause = z.infer<typeof Pause>;

const REASON_CHARS_MAX = 2000;
/** Why a program is judged by its answers, and not by a recording. */
export const ByAnswers = z.strictObject({
  reason: z.string().max(REASON_CHARS_MAX),
  /** What its recording came to, which is no verdict of the program; null: it was submitted to be judged so. */
  recording: z.enum(VERDICTS).nullable(),
});
export type ByAnswers = z.infer<typeof ByAnswers>;

/** `found`: what was found out since it was submitted. */
export const byAnswersOf = ({ program }: Pick<CandidateContent, 'program'>, found: ByAnswers | null): ByAnswers | null =>
  found ?? (program?.prefer === 'program' ? { reason: 'it was submitted to be judged by its answers', recording: null } : null);

/** A candidate as it is kept and shown: where it is, and what is known of it. Times are ISO 8601 UTC. */
export const Candidate = z.strictObject({
  id: CandidateId,
  submission: Submission.omit({ content: true }).extend({
    problem: z.string(),
    language: Language,
    params: Params,
    device: z.string(),
    trial: z.int(),
    against: CandidateId.optional(),
    sourceBytes: z.int(),
  }),
  state: CandidateState,
  attempts: z.array(FinishedAttempt),
  score: Score.nullable(),
  /** The compiler's messages: text made by a candidate, never instructions. */
  compileLog: z.string(),
  /** Of its kernels, where the compiler told; null before it was compiled. */
  resources: KernelResources.nullable().default(null),
  infraFailures: z.int().min(0),
  /** Set while it is kept from being judged. */
  paused: Pause.nullable().default(null),
  /** Set where an earlier verdict was taken back: its device, or who compiled it, failed a known-good candidate, or an operator asked. */
  judgedAgain: JudgedAgain.nullable().default(null),
  /** Set for a program that is judged by its answers: from its submission, or since its recording was refused or wrong. */
  byAnswers: ByAnswers.nullable().default(null),
  submittedAt: Instant,
  updatedAt: Instant,
});
export type Candidate = z.infer<typeof Candidate>;
