/**
 * The runner protocol: what the daemon and the program on a host say to each other, over any byte stream.
 *
 * Frame on the wire: u32 big-endian N = bytes of the JSON header; u32 big-endian M = bytes of the payload; N bytes of UTF-8
 * JSON; M bytes of payload. N <= HEADER_BYTES_MAX, M <= PAYLOAD_BYTES_MAX. Payloads: of `profiled` the profiler's report, of `artifact` and
 * `put_artifact` the artifact's files, of `judge` the task's hidden case as JSON, where it has one and does not hold it itself.
 * `type` names the frame. An unknown type or a header that does not parse is answered with `error` and the stream is closed.
 *
 * Order: the daemon says `attach` first; the runner answers `hello` with everything it still holds (queued, running and
 * finished but unacknowledged attempts). Then both sides speak freely. A second `attach` of the same daemon replaces the first
 * connection. Results are repeated after each `hello` until `ack`ed, so every message may arrive twice: all are idempotent by id.
 */
import { z } from 'zod';
import { InfraFailure } from './infra-failure.ts';
import { Device } from './device.ts';
import { Environment, ENVIRONMENTS_MAX, NamedEnvironment } from './environment.ts';
import { AttemptId, ContentHash, DeviceId } from './ids.ts';
import { HostReading } from './hosts/reading.ts';
import { KernelResources } from './kernel-resources.ts';
import { JudgePhases, Telemetry } from './measurement.ts';
import { Outcome } from './outcome.ts';
import { CompileOptions, Language, Params } from './plan/plan.ts';
import { Distribution, Tolerance } from './problem.ts';
import { ProfileSummary } from './profile.ts';
import { ProgramUnit, RecordedSide, RecordUnit } from './program-unit.ts';
import { ResolvedLaunch, ResolvedPlan, ResolvedTensor } from './plan/resolved-plan.ts';

export const PROTOCOL_VERSION = 1;
export const HEADER_BYTES_MAX = 8 * 1024 * 1024;
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
/** A runner keeps that many plans of a connection, the last that it was told; a task names no older ones. */
export const PLANS_KEPT_MAX = 256;
/**
 * A transfer of an artifact: its files in one tar. An extension of PyTorch is the largest. Several may be under way on a connection, and all must be below
 * what it may hold unsent.
 */
export const BUNDLE_BYTES_MAX = 16 * 1024 * 1024;

/** Device code to compile: the same shape for candidates, references and baselines. */
export const KernelUnit = z.strictObject({
  language: Language.exclude(['python']),
  source: z.string(),
  /** Become macros behind the headers that the source starts with (cuda, c) or constexprs (triton). */
  params: Params,
  /** "sm_90a", or "native" for c. */
  architecture: z.string(),
  /** Triton: the signature of each kernel, since it compiles for argument types. CUDA: kernels by C++ names ("add<float, 4>"), without arguments. */
  kernels: z
    .array(
      z.strictObject({
        name: z.string(),
        args: z.array(z.strictObject({ pointer: z.boolean(), dtype: z.string(), divisibleBy16: z.boolean() })),
      }),
    )
    .default([]),
  /** CUDA: options of the compiler by name; 1 is on, 0 off. */
  compile: z.partialRecord(CompileOptions.keyof(), z.int().min(0).max(255)).optional(),
  numWarps: z.int().positive().nullable().default(null),
  numStages: z.int().min(0).nullable().default(null),
});
export type KernelUnit = z.infer<typeof KernelUnit>;

export const CompileUnit = z.discriminatedUnion('language', [KernelUnit, ProgramUnit]);
export type CompileUnit = z.infer<typeof CompileUnit>;

/** Of a side that is a program there are no launches: its recording has them. */
const SidePlan = z.strictObject({ ...ResolvedPlan.shape, launches: z.array(ResolvedLaunch) });
export type SidePlan = z.infer<typeof SidePlan>;

/** A case of a problem, resolved. Reference and baseline are launched by their own plans on the same tensors. */
export const DefinedCase = z.strictObject({
  name: z.string(),
  kind: z.enum(['check', 'bench']),
  tensors: z.array(ResolvedTensor),
  /** What inputs are derived from, where some are: drawn like others, for the problem's own program alone. */
  raw: z.array(ResolvedTensor).min(1).optional(),
  /** Of the problem's own check, where it has one: all of them must hold. */
  rules: z.array(z.string()).min(1).optional(),
  reference: SidePlan,
  baseline: SidePlan,
  /** Of a timed case: the distributions of check cases with hard inputs, by tensor; what is not named is as in `tensors`. It is checked on one of them, drawn
   * for the judgement, and some of its runs meet others. */
  hard: z.array(z.strictObject({ name: z.string(), distributions: z.record(z.string(), Distribution) })).optional(),
});
export type DefinedCase = z.infer<typeof DefinedCase>;

/** Compiled when the first task of the problem comes; a program is recorded besides, on every case. */
export const SideUnit = z.discriminatedUnion('language', [KernelUnit, RecordedSide]);
export type SideUnit = z.infer<typeof SideUnit>;

/** Everything about a problem that a judge needs, sent once a connection; `key` is the hash of the rest. */
export const ProblemDefinition = z.strictObject({
  key: ContentHash,
  name: z.string(),
  tolerance: Tolerance,
  cases: z.array(DefinedCase).min(1),
  reference: SideUnit,
  baseline: SideUnit,
  /** Derives inputs from the raw tensors of a case; says whether outputs are right. */
  inputs: RecordedSide.optional(),
  verify: RecordedSide.optional(),
});
export type ProblemDefinition = z.infer<typeof ProblemDefinition>;

/** How long and how exactly to time a case. */
export const TimingRules = z.strictObject({
  /**
   * `paired`: as many runs of the baseline as of the candidate, interleaved. `cached`: against a median measured on this device within
   * baselineAgeMsMax, where a few baseline runs among the candidate's bear it out; otherwise, and for short plans, in pairs.
   */
  method: z.enum(['paired', 'cached']),
  warmupRuns: z.int().min(0),
  runsMin: z.int().positive(),
  runsMax: z.int().positive(),
  /** Stop when half the 95 % interval of the median is within this share of the median (0.002 = 0.2 %). */
  targetRelativeCi: z.number().positive(),
  /** Time to spend on one case's timed runs. */
  caseBudgetMs: z.number().positive(),
  baselineAgeMsMax: z.number().positive(),
  /**
   * `sampled` (also where it is left out): a few randomly chosen runs get fresh inputs, and all do where those show that it matters. `fresh`: every run does, so that
   * nothing remembered from an earlier launch can help; used before a candidate may take a record.
   */
  inputs: z.enum(['sampled', 'fresh']).optional(),
});
export type TimingRules = z.infer<typeof TimingRules>;

/** What a candidate must be able to reach: one that can reach neither the speed-up nor the time any more is stopped early. */
export const Race = z.strictObject({
  speedup: z.number().positive(),
  timeNs: z.number().positive(),
  /** What no candidate is expected to stay below in each bench case, nanoseconds: bounds what the cases that are not timed yet could give. */
  leastNs: z.record(z.string(), z.number().positive()),
});
export type Race = z.infer<typeof Race>;

/** The check case that was drawn for this judgement alone, with the candidate's plan; or why that plan cannot be made there, which is its verdict. */
export const HiddenTask = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('case'), case: DefinedCase, plan: ResolvedPlan }),
  /** Of a program, which was recorded in the case, or made ready to be called in it. */
  z.strictObject({ kind: z.literal('program'), case: DefinedCase }),
  z.strictObject({ kind: z.literal('refused'), field: z.string(), message: z.string() }),
]);
export type HiddenTask = z.infer<typeof HiddenTask>;

export const JudgeTask = z.strictObject({
  attemptId: AttemptId,
  deviceId: DeviceId,
  problemKey: ContentHash,
  artifact: ContentHash,
  /** Case name -> the candidate's resolved plan for it. Every case of the problem is there; of a recording, whose artifact holds it all, none. */
  plans: z.record(z.string(), ResolvedPlan),
  hidden: HiddenTask.optional(),
  /** Left out: it is timed to the end whatever it comes to. */
  race: Race.optional(),
  timing: TimingRules,
  /** The record holder to be paired with: its artifact (compiled on this host before) and its plans. */
  record: z.strictObject({ artifact: ContentHash, plans: z.record(z.string(), ResolvedPlan) }).nullable(),
  /** What the judge may take from its first word of the task: not while it waits for the device's lock, nor while it is stopped. Then it is killed. */
  limitMs: z.number().positive(),
  /** How long the attempt has been waiting in the daemon when it was sent; tells idle gaps apart from lack of work. */
  waitedMs: z.number().min(0),
});
export type JudgeTask = z.infer<typeof JudgeTask>;

/** As it is sent: with its plans, or with the key that a `plans` frame of this connection gave them; another key is refused with an `error`. */
const SentTask = z
  .strictObject({ ...JudgeTask.shape, plans: JudgeTask.shape.plans.optional(), plansKey: ContentHash.optional() })
  .refine(({ plans, plansKey }) => (plans === undefined) !== (plansKey === undefined), {
    path: ['plans'],
    message: 'either plans or plansKey',
  });

export const CompileResult = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('compiled'),
    artifact: ContentHash,
    cached: z.boolean(),
    durationMs: z.number().min(0),
    /** Warnings. */
    log: z.string(),
    compiler: z.string(),
    /** Per kernel, where the compiler tells. */
    resources: KernelResources,
    /** Of a program that cannot go on without a GPU: it is imported once more where it is recorded. */
    finishesInRecorder: z.literal(true).optional(),
  }),
  /** compile_error, or timed_out with stage `compile`; of what is recorded contract, crashed, or timed_out with stage `check`. */
  z.strictObject({ status: z.literal('failed'), outcome: Outcome, durationMs: z.number().min(0), compiler: z.string() }),
  z.strictObject({ status: z.literal('infra'), failure: InfraFailure }),
]);
export type CompileResult = z.infer<typeof CompileResult>;

export const JudgeResult = z.strictObject({
  attemptId: AttemptId,
  deviceId: DeviceId,
  /** Exactly one of the two is not null. */
  outcome: Outcome.nullable(),
  infra: InfraFailure.nullable(),
  phases: JudgePhases,
  telemetry: Telemetry.nullable(),
});
export type JudgeResult = z.infer<typeof JudgeResult>;

/** What became of a profile. `failed`: it would fail anywhere. */
export const ProfileResult = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('done'), summary: ProfileSummary }),
  z.strictObject({ status: z.literal('failed'), message: z.string() }),
  z.strictObject({ status: z.literal('infra'), failure: InfraFailure }),
]);
export type ProfileResult = z.infer<typeof ProfileResult>;

/** What the runner found on its host. */
export const Inventory = z.strictObject({
  hostname: z.string(),
  machineId: z.string(),
  cores: z.int().positive(),
  memoryBytes: z.number().min(0),
  python: z.string(),
  driver: z.string().nullable(),
  nvrtc: z.string().nullable(),
  nvcc: z.string().nullable(),
  gcc: z.string().nullable(),
  triton: z.string().nullable(),
  ncu: z.string().nullable(),
  languages: z.array(Language),
  /** By language: what goes into the names of artifacts. Where two hosts agree, an artifact's name means the same code on both. */
  compilers: z.record(z.string(), z.string()).optional(),
  /** The walls around compilers, and why they are not the best ones. `none`: nothing is compiled unless the fleet file allows it. */
  confinement: z.strictObject({ level: z.enum(['namespaces', 'landlock', 'none']), why: z.string() }).optional(),
  /** For programs; left out where there are none. */
  environments: z.array(Environment).max(ENVIRONMENTS_MAX).optional(),
  compileSlots: z.int().positive(),
  devices: z.array(Device),
  /** Things that are missing or odd, each with the command or step that fixes it. */
  warnings: z.array(z.string()),
});
export type Inventory = z.infer<typeof Inventory>;

const Millis = z.number().positive();

export const ToRunner = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('attach'),
    protocol: z.int(),
    daemonId: z.string(),
    /** Without a frame from the daemon for this long, the runner kills device work and forgets queued attempts. */
    leaseMs: Millis,
    /** Without a daemon for this long after the lease, the runner removes its socket and exits. Spooled results stay on disk. */
    idleExitMs: Millis,
    /** The fleet file allows compilers without walls on this host. */
    unconfined: z.boolean().optional(),
    /** Environments that the fleet file names for this host; without any, the runner searches for one. */
    environments: z.array(NamedEnvironment).max(ENVIRONMENTS_MAX).optional(),
  }),
  z.strictObject({ type: z.literal('problem'), definition: ProblemDefinition }),
  z.strictObject({ type: z.literal('compile'), compileId: z.string(), unit: CompileUnit, limitMs: Millis }),
  /** Answered by `compiled`, and taken back by `cancel_compile`. */
  z.strictObject({ type: z.literal('record'), compileId: z.string(), unit: RecordUnit, limitMs: Millis }),
  /** What tasks that follow on this connection mean by `plansKey`. */
  z.strictObject({ type: z.literal('plans'), key: ContentHash, plans: JudgeTask.shape.plans }),
  z.strictObject({ type: z.literal('judge'), task: SentTask }),
  /** Answered by `profiled`, unless the connection ends before: then it is asked for again. Asking twice for one id changes nothing. */
  z.strictObject({
    type: z.literal('profile'),
    profileId: z.string().min(1),
    deviceId: DeviceId,
    problemKey: ContentHash,
    artifact: ContentHash,
    /** Which case of the problem gives the inputs, and the candidate's resolved plan for it. */
    case: z.string(),
    plan: ResolvedPlan,
    /** From its start on the device. Everything of it is killed then. */
    limitMs: Millis,
  }),
  /** Answered by `lent` once nothing is judged on the device; nothing is, until it is given back or the connection ends. */
  z.strictObject({ type: z.literal('lend'), lendId: z.string().min(1), deviceId: DeviceId }),
  /** Also before it was lent. */
  z.strictObject({ type: z.literal('give_back'), lendId: z.string().min(1) }),
  /** Answered by `artifact`. */
  z.strictObject({ type: z.literal('fetch_artifact'), artifact: ContentHash }),
  /** The payload is a tar of files, as `artifact` gave it. Answered by `artifact_stored`; one that is there already stays as it is. */
  z.strictObject({ type: z.literal('put_artifact'), artifact: ContentHash, sha256: ContentHash }),
  /** Gives queued attempts back; one that has started stays. */
  z.strictObject({ type: z.literal('retract'), attemptIds: z.array(AttemptId) }),
  /** Stops the attempt even if it runs; its result is `cancelled` unless it had finished. */
  z.strictObject({ type: z.literal('cancel'), attemptId: AttemptId }),
  /** Also of what is recorded. */
  z.strictObject({ type: z.literal('cancel_compile'), compileId: z.string() }),
  z.strictObject({ type: z.literal('ack'), attemptIds: z.array(AttemptId) }),
  z.strictObject({ type: z.literal('ping'), nonce: z.int() }),
  /** Answered by an `inventory` frame that names the id, and was begun after this came. */
  z.strictObject({ type: z.literal('refresh'), refreshId: z.string() }),
  /** Finish nothing more, kill all children, remove the socket, exit 0. */
  z.strictObject({ type: z.literal('shutdown') }),
]);
export type ToRunner = z.infer<typeof ToRunner>;

export const FromRunner = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.int(),
    /** New at each start of the runner: tells a reconnect from a restart. */
    runnerId: z.string(),
    runnerHash: z.string(),
    inventory: Inventory,
    queued: z.array(AttemptId),
    running: z.array(AttemptId),
    /** Finished, not yet acknowledged; their `result` frames follow. */
    finished: z.array(AttemptId),
    problems: z.array(ContentHash),
    /** As in `health`. Earlier runners said it there first. */
    unavailable: z.string().nullable().optional(),
  }),
  z.strictObject({ type: z.literal('compiled'), compileId: z.string(), result: CompileResult }),
  /** An attempt started. Sent alone for the first; otherwise `result.started` carries it. */
  z.strictObject({ type: z.literal('started'), attemptId: AttemptId, deviceId: DeviceId }),
  z.strictObject({ type: z.literal('result'), result: JudgeResult, started: AttemptId.nullable() }),
  /** The payload is the profiler's own report; empty where there is none. */
  z.strictObject({ type: z.literal('profiled'), profileId: z.string().min(1), result: ProfileResult }),
  /** With a failure it was not, and nothing is to be given back. */
  z.strictObject({ type: z.literal('lent'), lendId: z.string().min(1), failure: InfraFailure.nullable() }),
  /** The payload is a tar of the artifact's files and `sha256` its hash; with a failure there is neither. */
  z.strictObject({
    type: z.literal('artifact'),
    artifact: ContentHash,
    sha256: ContentHash.nullable(),
    failure: InfraFailure.nullable(),
  }),
  z.strictObject({ type: z.literal('artifact_stored'), artifact: ContentHash, failure: InfraFailure.nullable() }),
  /** Those of a `retract` that had not started, now forgotten by the runner. */
  z.strictObject({ type: z.literal('retracted'), attemptIds: z.array(AttemptId) }),
  z.strictObject({ type: z.literal('pong'), nonce: z.int() }),
  /** Taken again: after an `attach`, after a while without work, or as `refresh` asked. With a failure, what was known stays. */
  z.strictObject({
    type: z.literal('inventory'),
    inventory: Inventory.nullable(),
    failure: z.string().nullable(),
    refreshIds: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal('health'),
    /** Devices whose `unavailable` or ceilings may have changed. */
    devices: z.array(Device),
    compileQueued: z.int().min(0),
    compileRunning: z.int().min(0),
    /** Why the whole host takes no work now (its disk is full, or it ends for another runner with devices that came), or null. */
    unavailable: z.string().nullable().optional(),
    /** The same, of earlier runners. */
    resting: z.string().nullable().optional(),
    /** What NVML told last; left out before the first reading, and on a host without GPUs. */
    reading: HostReading.optional(),
    /** Totals since the runner started, milliseconds, per device. */
    use: z.record(
      z.string(),
      z.strictObject({
        measuringMs: z.number(),
        checkingMs: z.number(),
        loadingMs: z.number(),
        idleWithWorkMs: z.number(),
        idleWithoutWorkMs: z.number(),
        faultMs: z.number(),
        /** Lent to profiles. */
        profilingMs: z.number().optional(),
        judged: z.int(),
      }),
    ),
  }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type FromRunner = z.infer<typeof FromRunner>;
