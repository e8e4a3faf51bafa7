/** What the store keeps and the API shows. Times are ISO 8601 UTC. */
import { z } from 'zod';
import { JudgedAgain } from './canary.ts';
import { CandidateState, Submission } from './candidate.ts';
import { AttemptId, CandidateId, DeviceId, HostId, SweepId } from './ids.ts';
import { KernelResources } from './kernel-resources.ts';
import { CaseTiming, JudgePhases, Stopped, Telemetry } from './measurement.ts';
import { VERDICTS } from './outcome.ts';
import { Language, Params } from './plan/plan.ts';

const Instant = z.iso.datetime();

/** One finished judgement of a candidate, or one infra failure. */
export const AttemptRecord = z.strictObject({
  attemptId: AttemptId,
  hostId: HostId,
  deviceId: DeviceId,
  deviceModel: z.string(),
  mode: z.enum(['screen', 'confirm']),
  startedAt: Instant.nullable(),
  finishedAt: Instant,
  verdict: z.enum(VERDICTS).nullable(),
  /** Set when the attempt failed for a reason that is not the candidate's. */
  infra: z.string().nullable(),
  timings: z.array(CaseTiming),
  phases: JudgePhases.nullable(),
  telemetry: Telemetry.nullable(),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

/** A comparison with the record holder in alternating runs of one process. */
const PairedScore = z.strictObject({
  /** The record holder of that time. */
  against: CandidateId,
  /** Its time divided by the candidate's, geometric mean over bench cases: above 1, the candidate is faster. 95 % interval. */
  ratio: z.number().positive(),
  ratioLow: z.number().positive(),
  ratioHigh: z.number().positive(),
  result: z.enum(['won', 'tied', 'lost']),
});
export type PairedScore = z.infer<typeof PairedScore>;

/** What a passed candidate is ranked by. */
export const Score = z.strictObject({
  /** Geometric mean over bench cases of the speed-up against the baseline, from all judgements that count. */
  speedup: z.number().positive(),
  /** 95 % interval, with what judgements of one code differ by. */
  speedupLow: z.number().positive(),
  speedupHigh: z.number().positive(),
  /** Geometric mean over bench cases of the median time, nanoseconds. */
  timeNs: z.number().positive(),
  /** Geometric mean over bench cases of physical floor / time, 0 to 1; null where the device's ceilings are unknown. */
  floorShare: z.number().min(0).nullable(),
  deviceModel: z.string(),
  /** The order follows this: the speed-up, or the holder's as the pair with it says. Never above the record holder's. */
  rankKey: z.number().positive(),
  /** Judged again, in pairs with the baseline and with the record holder where there was one. */
  confirmed: z.boolean(),
  /** `cached`: at least one case was compared with a remembered time of the baseline. */
  method: z.enum(['cached', 'paired']).default('paired'),
  /** How many judgements the speed-up is the mean of: a record holder is measured again with everyone that challenges it. */
  judgements: z.int().positive().default(1),
  /** Null where it never met a record holder. */
  pair: PairedScore.nullable().default(null),
  /** Stopped early: an estimate that ranks below all that were timed to the end, and never holds a record. */
  stopped: Stopped.optional(),
});
export type Score = z.infer<typeof Score>;

/** Kept from being judged, since when and why. */
export const Pause = z.strictObject({ at: Instant, reason: z.string().nullable() });
export type Pause = z.infer<typeof Pause>;

export const CandidateRecord = z.strictObject({
  id: CandidateId,
  submission: Submission.omit({ content: true }).extend({
    problem: z.string(),
    language: Language,
    params: Params,
    device: z.string(),
    trial: z.int(),
    sourceBytes: z.int(),
  }),
  state: CandidateState,
  attempts: z.array(AttemptRecord),
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
  submittedAt: Instant,
  updatedAt: Instant,
});
export type CandidateRecord = z.infer<typeof CandidateRecord>;

/** One line of the append-only journal. */
export const JournalEvent = z.strictObject({
  sequence: z.int().positive(),
  at: Instant,
  type: z.enum([
    'candidate.queued',
    'candidate.compiling',
    'candidate.ready',
    'candidate.judging',
    'candidate.confirming',
    'candidate.requeued',
    'candidate.done',
    'candidate.record',
    /** Its verdict was taken back: its device, or who compiled it, failed a canary, or an operator asked. It is judged again. */
    'candidate.reopened',
    'candidate.paused',
    'candidate.resumed',
    'candidate.reprioritised',
    'sweep.created',
    'campaign.created',
    'campaign.changed',
    'profile.done',
    'host.added',
    /** It is given nothing more, and leaves the fleet, or is replaced, when what it has is done. */
    'host.draining',
    'host.removed',
    'host.connected',
    'host.lost',
    'host.refused',
    /** Its inventory was taken again and differs: a compiler, driver, toolkit or device came, went or is another. */
    'host.changed',
    /** Somebody works on it: a command, a job, files; who, and how it ended. */
    'host.work.started',
    'host.work.ended',
    'device.changed',
    /** It failed a canary and takes no work; or it works again. */
    'device.quarantined',
    'device.returned',
    /** What the host compiles for others failed canaries: it compiles nothing; or it does again. */
    'compiler.quarantined',
    'compiler.returned',
    /** The fleet file, as it is now, was applied; or it is wrong, and nothing was changed. */
    'fleet.reloaded',
    'fleet.refused',
    'daemon.started',
    'daemon.stopped',
    /** Older events were removed: whoever reads on from before it has missed some. */
    'journal.trimmed',
  ]),
  candidateId: CandidateId.nullable(),
  hostId: HostId.nullable(),
  /** Small facts of this type: verdict, deviceId, message, … */
  data: z.record(z.string(), z.unknown()),
});
export type JournalEvent = z.infer<typeof JournalEvent>;
export type NewJournalEvent = Omit<JournalEvent, 'sequence' | 'at'>;

export const SweepRecord = z.strictObject({
  id: SweepId,
  problem: z.string(),
  device: z.string(),
  createdAt: Instant,
  size: z.int().min(0),
  /** Candidates by status; `done` ones by verdict. */
  byStatus: z.record(z.string(), z.int()),
  byVerdict: z.record(z.string(), z.int()),
});
export type SweepRecord = z.infer<typeof SweepRecord>;

/** One place of a ranking. Places are given within one device model; who cannot be told from the first at a place shares it. */
export const RankingEntry = z.strictObject({
  place: z.int().positive(),
  /** Its time is shorter than the first place's beyond both intervals, though its speed-up is not: one of their baselines was timed in another state. */
  fasterByTime: z.boolean().default(false),
  candidateId: CandidateId,
  language: Language,
  params: Params,
  submitter: z.string(),
  score: Score,
  record: z.boolean(),
  finishedAt: Instant,
});
export type RankingEntry = z.infer<typeof RankingEntry>;
