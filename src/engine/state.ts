/** What the rooms of the engine share, each by a slice of its own. Changed only from the engine's own loop, one event at a time. */
import type { Logger } from 'pino';
import type { CandidateId, HostId } from '../domain/ids.ts';
import type { Queue } from '../domain/ports/queue.ts';
import type { Store } from '../domain/ports/store.ts';
import type { SubmitterStore } from '../domain/ports/submitters.ts';
import type { RefusedProblem } from '../domain/api/problems.ts';
import type { LoadedProblem, ReadProblems } from '../problems/load-problems.ts';
import type { SchedulerEvent } from '../scheduler/events.ts';
import type { Core } from '../scheduler/scheduler.ts';
import type { ActiveCandidate } from './active-candidates.ts';
import type { RecentSubmissions } from './answers/recent-submissions.ts';
import type { Bundles } from './compiling/bundles.ts';
import type { JudgingRules } from './deps.ts';
import type { DeviceStateChange } from '../domain/hosts/device-state.ts';
import type { HiddenCases } from './hidden-cases.ts';
import type { HostState } from './host-state.ts';
import type { UsualClocks } from './judging/disturbance.ts';
import type { FailedPairs } from './judging/failed-pairs.ts';
import type { Fronts } from './judging/fronts.ts';
import type { RecordHolders } from './judging/record-holders.ts';
import type { LibraryRuns } from './libraries/runs.ts';
import type { ProblemVersions } from './problem-versions.ts';
import type { PendingProfiles } from './profiles/pending.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { VerdictRate } from './telemetry/verdict-rate.ts';
import type { WriteBehind } from './write-behind.ts';

/** What every room may ask: the clocks, the log, the hosts, the counters; and how it tells what happened. */
export interface Shared {
  readonly log: Logger;
  /** For stamps: the wall clock can jump. */
  readonly now: () => number;
  /** For durations, deadlines and the scheduler. */
  readonly monotonicMs: () => number;
  readonly rules: JudgingRules;
  readonly metrics: Metrics;
  readonly hosts: ReadonlyMap<HostId, HostState>;
  readonly writeBehind: WriteBehind;
  readonly hidden: HiddenCases;
  /** Feeds the scheduler and does what it answers. Safe to call from inside: events wait their turn. */
  readonly apply: (event: SchedulerEvent) => void;
}

export interface HostsSlice extends Shared {
  /** How long the event loop is held now and then, milliseconds: counts like a part of every round trip. */
  readonly eventLoopDelayMs: () => number;
  /** Who wants to know is told. */
  readonly onDeviceState: (change: DeviceStateChange) => void;
}

export interface HoldsSlice extends HostsSlice, CanariesSlice {}

export interface CompilingSlice extends Shared {
  readonly core: Core;
  readonly active: Map<CandidateId, ActiveCandidate>;
  /** Connected ones without a GPU, which compile for those with one. */
  readonly compileHosts: Set<HostState>;
  readonly bundles: Bundles;
}

export interface CanariesSlice extends Shared {
  /** As they are now, by name. */
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  readonly recordHolders: RecordHolders;
  readonly fronts: Fronts;
  /** Problems of which something has passed, by device class: "H100 softmax". */
  readonly proven: Set<string>;
  readonly store: Store;
  readonly queue: Queue;
  /** Resolves when the queue's jobs of everything that is done so far are ended, or could not be. */
  readonly jobsEnded: () => Promise<void>;
  /** There is work in the queue. */
  readonly wake: () => void;
  /** Candidates were stored that the queue did not take. */
  readonly onUnqueued: () => void;
  /** Something was written: whoever watches the journal looks. */
  readonly notify: () => void;
  readonly isRunning: () => boolean;
}

/** What looks for candidates that were stopped early and are to be judged again. */
export type StoppedSlice = Pick<
  CanariesSlice,
  'fronts' | 'jobsEnded' | 'wake' | 'onUnqueued' | 'notify' | 'isRunning' | 'log' | 'monotonicMs'
> & {
  readonly store: Pick<Store, 'reopenInReach'>;
  readonly queue: Pick<Queue, 'add'>;
  readonly metrics: Pick<Metrics, 'onReopened'>;
};

/** Compile hosts and their canaries. */
export interface CompilersSlice extends CompilingSlice, CanariesSlice {
  readonly core: Core;
}

export interface JudgingSlice
  extends CompilingSlice,
    Pick<
      CanariesSlice,
      'proven' | 'problems' | 'recordHolders' | 'fronts' | 'store' | 'queue' | 'jobsEnded' | 'wake' | 'onUnqueued' | 'notify'
    > {
  readonly failedPairs: FailedPairs;
  readonly usualClocks: UsualClocks;
  readonly verdictRate: VerdictRate;
}

export interface ProfilesSlice extends CompilingSlice, Pick<CanariesSlice, 'problems' | 'store'> {
  readonly versions: ProblemVersions;
  /** Asked for and not done. */
  readonly profiles: PendingProfiles;
}

/** Problems that are read again. */
export interface ReloadSlice extends CanariesSlice {
  readonly versions: ProblemVersions;
  readonly library: ProblemLibrary;
}

export interface ProblemLibrary {
  /** What `problems` of all slices is: changed here alone. */
  readonly current: Map<string, LoadedProblem>;
  /** Reads the folders; null: there are none to be read. */
  readonly read: (() => ReadProblems) | null;
  /** Of the last reading. */
  refused: readonly RefusedProblem[];
}

export interface LeasingSlice extends Shared, Pick<CanariesSlice, 'problems' | 'store' | 'queue'> {
  readonly versions: ProblemVersions;
  readonly core: Core;
  readonly active: Map<CandidateId, ActiveCandidate>;
  readonly recentSubmissions: RecentSubmissions;
}

export interface SteeringSlice
  extends LeasingSlice,
    ProfilesSlice,
    Pick<
      CanariesSlice,
      'problems' | 'store' | 'queue' | 'recordHolders' | 'fronts' | 'jobsEnded' | 'wake' | 'onUnqueued' | 'notify' | 'isRunning'
    > {
  /** Ends the queue's jobs of candidates that are not held any more. */
  readonly endJobs: (ids: readonly CandidateId[]) => void;
}

export interface WhySlice extends LeasingSlice, Pick<CanariesSlice, 'problems' | 'store' | 'queue'> {}

/** Programs of libraries. */
export interface LibrariesSlice
  extends Shared,
    Pick<CanariesSlice, 'problems' | 'queue' | 'wake' | 'onUnqueued' | 'notify' | 'isRunning'> {
  readonly core: Core;
  readonly store: Pick<Store, 'insertCandidates' | 'reopen' | 'libraryRuns' | 'markObsoleteRuns' | 'backlog'>;
  readonly libraryRuns: LibraryRuns;
}

/** Weights and limits of submitters. */
export interface SubmittersSlice extends Pick<Shared, 'now' | 'monotonicMs' | 'apply'> {
  readonly core: Core;
  readonly store: Pick<Store, 'backlog'> & SubmitterStore;
}

/** What answers are made from: each takes a part of it. */
export interface AnswersSlice
  extends HostsSlice,
    CompilersSlice,
    SteeringSlice,
    Pick<JudgingSlice, 'verdictRate'>,
    Pick<LibrariesSlice, 'libraryRuns'>,
    ReloadSlice {}

/** The whole: for what composes the rooms (effects, host events) alone. */
export type EngineState = HostsSlice &
  CanariesSlice &
  JudgingSlice &
  SteeringSlice &
  ReloadSlice &
  Pick<LibrariesSlice, 'libraryRuns'>;
