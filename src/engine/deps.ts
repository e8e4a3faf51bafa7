/** What the engine is given. */
import type { Logger } from 'pino';
import type { DeviceStateChange } from '../domain/hosts/device-state.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import type { Queue } from '../domain/ports/queue.ts';
import type { Store } from '../domain/ports/store.ts';
import type { SubmitterStore } from '../domain/ports/submitters.ts';
import type { TimingRules } from '../domain/protocol.ts';
import type { RandomInt } from '../problems/hidden.ts';
import type { RefusedProblem } from '../domain/api/problems.ts';
import type { LoadedProblem, ReadProblems } from '../problems/load-problems.ts';

export interface JudgingRules {
  readonly timing: TimingRules;
  readonly limitMs: number;
  readonly compileLimitMs: number;
  readonly infraRetries: number;
  /** How often a device that judges is given a known-good candidate. */
  readonly canaryEverySeconds: number;
  /** The first one, after the first verdict of a device that never passed one. */
  readonly canaryFirstSeconds: number;
  /** Candidates that cannot reach the first so many places of their ranking are stopped early; 0: none is. */
  readonly racingPlaces: number;
  /** Programs whose recording is none, or is wrong, go on by their answers; false: that is their verdict. */
  readonly timeToAnswers: boolean;
  /** The library programs of problems are timed on idle devices. */
  readonly libraryTimes: boolean;
}

export interface SubmissionLimits {
  readonly sourceBytes: number;
  readonly queued: number;
}

export interface EngineDeps {
  readonly store: Store & SubmitterStore;
  readonly queue: Queue;
  readonly sessions: readonly HostSession[];
  /** As they are at the start. */
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  /** Folders that did not load. */
  readonly refusedProblems?: readonly RefusedProblem[];
  /** Reads them again; left out: they stay as they are. */
  readonly readProblems?: () => ReadProblems;
  readonly rules: JudgingRules;
  readonly limits: SubmissionLimits;
  readonly log: Logger;
  /** Milliseconds since the epoch, for stamps. */
  readonly now: () => number;
  /** Milliseconds that never jump, for everything else. */
  readonly monotonicMs?: () => number;
  /** Draws hidden cases; secret, unless a test gives its own. */
  readonly randomInt?: RandomInt;
  readonly onDeviceState?: (change: DeviceStateChange) => void;
}
