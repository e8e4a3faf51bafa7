/** What the parts of the engine share. Changed only from the engine's own loop, one event at a time. */
import type { Logger } from 'pino';
import type { HostRefreshed } from '../domain/api/inspection.ts';
import type { Device } from '../domain/device.ts';
import type { AttemptId, CandidateId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { CompileResult, CompileUnit, Inventory, TimingRules } from '../domain/protocol.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import type { RandomInt } from '../problems/hidden.ts';
import type { SchedulerEvent } from '../scheduler/events.ts';
import type { Core } from '../scheduler/scheduler.ts';
import type { Quarantine } from '../domain/canary.ts';
import type { Bundles } from './compiling/bundles.ts';
import type { Lane } from './compiling/transfer-lane.ts';
import type { CanaryRun } from './canaries/canaries.ts';
import type { Canary, Suspect } from './canaries/choose.ts';
import type { Marks } from './canaries/marks.ts';
import type { CompileCounts } from './compiling/compile-counts.ts';
import type { DeviceUse } from './judging/device-use.ts';
import type { KnownArtifacts } from './compiling/known-artifacts.ts';
import type { Live } from './active-candidates.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import type { Queue } from '../domain/ports/queue.ts';
import type { Store } from '../domain/ports/store.ts';
import type { PendingProfiles } from './profiles/pending.ts';
import type { Recorder } from './write-behind.ts';
import type { Records } from './judging/record-holders.ts';

export interface JudgingRules {
  readonly timing: TimingRules;
  readonly limitMs: number;
  readonly compileLimitMs: number;
  readonly infraRetries: number;
  /** How often a device that judges is given a known-good candidate. */
  readonly canaryEverySeconds: number;
}

/** Statistics of a host's connection and what it has told. */
export interface HostState {
  readonly session: HostSession;
  state: 'connecting' | 'connected' | 'unreachable' | 'refused' | 'stopped';
  reason: string | null;
  nextRetryAtMs: number | null;
  runnerId: string;
  inventory: Inventory | null;
  devices: readonly Device[];
  /** Why its runner takes no work now (its disk is full, or it starts anew), or null. */
  resting: string | null;
  /** Problem definitions this runner holds. */
  readonly defined: Set<ContentHash>;
  /** What this runner has compiled. */
  readonly known: KnownArtifacts;
  /** Record holders being compiled for a pair, and candidates for a profile, by compile id. */
  readonly recordCompiles: Map<string, (result: CompileResult) => void>;
  /** Attempts held back until their record holder is compiled. */
  readonly preparing: Set<AttemptId>;
  readonly use: Map<string, DeviceUse>;
  /** Compilations of candidates that it was asked for and has not answered. */
  readonly asked: Map<string, CompileUnit>;
  /** As a compile host that failed itself: until when it is not asked, by language and architecture. */
  readonly restsUntilMs: Map<string, number>;
  /** Artifacts asked of this host, and put into it. */
  readonly fetches: Lane;
  readonly puts: Lane;
  /** Under way, one for each device. */
  readonly canaries: Map<DeviceId, CanaryRun>;
  /** The last that passed or failed. */
  readonly lastCanaries: Map<DeviceId, { readonly askedAtMs: number; readonly reason: string }>;
  /** When the last that passed was asked for: verdicts up to there stand. */
  readonly trustedAtMs: Map<DeviceId, number>;
  readonly quarantines: Map<DeviceId, Quarantine>;
  /** What a quarantined device must pass before it returns, besides what any must. */
  readonly failedCanaries: Map<DeviceId, Canary>;
  readonly marks: Marks;
  /** What the device refused last. */
  readonly suspects: Map<DeviceId, Suspect>;
  compile: { queued: number; running: number };
  readonly compileCounts: CompileCounts;
  /** Who waits for the inventory to be taken again, by the id of the request. */
  readonly refreshes: Map<string, (outcome: Omit<HostRefreshed, 'host'>) => void>;
}

export interface EngineState {
  readonly core: Core;
  readonly store: Store;
  readonly queue: Queue;
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  readonly records: Records;
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly rules: JudgingRules;
  readonly log: Logger;
  /** For stamps: the wall clock can jump. */
  readonly now: () => number;
  /** For durations, deadlines and the scheduler. */
  readonly monotonicMs: () => number;
  readonly randomInt: RandomInt;
  /** How long this process is deaf now and then, milliseconds: counts like a part of every round trip. */
  readonly pauseMs: () => number;
  readonly lives: Map<CandidateId, Live>;
  /** Asked for and not done. */
  readonly profiles: PendingProfiles;
  readonly hosts: Map<HostId, HostState>;
  /** Connected ones without a GPU, which compile for those with one. */
  readonly compileHosts: Set<HostState>;
  readonly bundles: Bundles;
  /** Feeds the scheduler and does what it answers. Safe to call from inside: events wait their turn. */
  readonly apply: (event: SchedulerEvent) => void;
  /** Problems of which something has passed, by device class: "H100 softmax". */
  readonly proven: Set<string>;
  /** Resolves when the queue's jobs of everything that is done so far are ended, or could not be. */
  readonly jobsEnded: () => Promise<void>;
  /** There is work in the queue. */
  readonly poke: () => void;
  /** Candidates were stored that the queue did not take. */
  readonly onUnqueued: () => void;
  readonly notify: () => void;
  readonly isRunning: () => boolean;
  /** Times of the last verdicts, for the throughput. */
  readonly verdictTimesMs: number[];
}
