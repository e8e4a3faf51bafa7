/** What the engine and its parts are given. */
import type { Logger } from 'pino';
import type { RandomInt } from '../problems/hidden.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import type { Recent } from './answers/recent-submissions.ts';
import type { JudgingRules } from './state.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import type { Queue } from '../domain/ports/queue.ts';
import type { Store } from '../domain/ports/store.ts';

export interface EngineDeps {
  readonly store: Store;
  readonly queue: Queue;
  readonly sessions: readonly HostSession[];
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  readonly rules: JudgingRules;
  readonly limits: { readonly sourceBytes: number; readonly queued: number };
  readonly log: Logger;
  /** Milliseconds since the epoch, for stamps. */
  readonly now: () => number;
  /** Milliseconds that never jump, for everything else. */
  readonly monotonicMs?: () => number;
  /** Draws hidden cases; secret, unless a test gives its own. */
  readonly randomInt?: RandomInt;
}

export interface ServiceDeps extends Pick<EngineDeps, 'limits' | 'now'> {
  readonly monotonicMs: () => number;
  readonly recent: Recent;
  readonly listeners: Set<() => void>;
  readonly notify: () => void;
  readonly poke: () => void;
  /** Candidates were stored that the queue did not take. */
  readonly onUnqueued: () => void;
  readonly isRunning: () => boolean;
}
