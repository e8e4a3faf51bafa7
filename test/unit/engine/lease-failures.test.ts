import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import type { Queue, Store } from '../../../src/engine/ports.ts';
import { LENIENT } from './lenient-rules.ts';

const id = CandidateId.parse(`c-${'a'.repeat(32)}`);

test('what was leased while the store could not say what it is goes back, and is leased again', async () => {
  let isWaiting = true;
  let failures = 1;
  const released: string[][] = [];
  const asked = Promise.withResolvers<void>();
  const store: Partial<Store> = {
    unfinished: async () => Promise.resolve([]),
    backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
    together: async () => Promise.resolve(),
    pending: async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('the store is away');
      asked.resolve();
      return Promise.resolve([]);
    },
  };
  const queue: Partial<Queue> = {
    adopt: async () => Promise.resolve([]),
    add: async () => Promise.resolve(),
    complete: async () => Promise.resolve(),
    onWork: () => undefined,
    lease: async () => {
      const given = isWaiting ? [{ candidateId: id, priority: 1, queuedAtMs: 1 }] : [];
      isWaiting = false;
      return Promise.resolve(given);
    },
    release: async (ids) => {
      released.push([...ids]);
      isWaiting = true;
      return Promise.resolve();
    },
  };
  const engine = createEngine({
    store: store as Store,
    queue: queue as Queue,
    sessions: [],
    problems: new Map(),
    ...LENIENT,
    log: pino({ level: 'silent' }),
    now: Date.now,
  });
  await engine.start();
  await asked.promise;
  expect(released).toEqual([[id]]);
  await engine.stop();
});
