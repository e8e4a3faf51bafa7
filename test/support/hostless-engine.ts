/** An engine without hosts, over a store and a queue that have only what the test needs of them. */
import { pino } from 'pino';
import type { EngineDeps } from '../../src/engine/deps.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Queue } from '../../src/domain/ports/queue.ts';
import { LENIENT } from './lenient-rules.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';

interface Parts {
  readonly store: Partial<EngineDeps['store']>;
  readonly queue: Partial<Queue>;
  readonly problems?: ReadonlyMap<string, LoadedProblem>;
  /** The system's clocks unless said. */
  readonly clocks?: { readonly now: () => number; readonly monotonicMs: () => number };
}

export const hostlessEngine = ({
  store,
  queue,
  problems = new Map(),
  clocks = { now: Date.now, monotonicMs: () => performance.now() },
}: Parts): Engine =>
  createEngine({
    store: {
      keepProblemVersions: async () => undefined,
      problemVersion: async () => null,
      canaries: async () => [],
      holds: async () => [],
      bookings: async () => [],
      failedPairs: async () => [],
      paused: async () => [],
      submitterSettings: async () => [],
      deviceTime: async () => [],
      libraryRuns: async () => [],
      ...store,
    } as EngineDeps['store'],
    queue: queue as Queue,
    sessions: [],
    problems,
    ...LENIENT,
    log: pino({ level: 'silent' }),
    ...clocks,
  });
