import { expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';
import { hostlessEngine } from '../../../support/hostless-engine.ts';

const id = CandidateId.parse(`c-${'a'.repeat(32)}`);

test('what was leased while the store could not say what it is goes to work as soon as it can', async () => {
  let leases = 1;
  let failures = 2;
  const admitted = Promise.withResolvers<readonly CandidateId[]>();
  const store: Partial<Store> = {
    unfinished: async () => Promise.resolve([]),
    backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
    together: async () => Promise.resolve(),
    pending: async (ids) => {
      failures -= 1;
      if (failures >= 0) throw new Error('the store is away');
      admitted.resolve(ids);
      return Promise.resolve([]);
    },
  };
  const queue: Partial<Queue> = {
    adopt: async () => Promise.resolve([]),
    add: async () => Promise.resolve(),
    discard: async () => Promise.resolve(),
    onWork: () => undefined,
    onLoss: () => undefined,
    missing: async (ids) => Promise.resolve(ids),
    count: async () => Promise.resolve(null),
    lease: async () => {
      leases -= 1;
      return Promise.resolve(leases >= 0 ? [{ candidateId: id, priority: 1, queuedAtMs: 1 }] : []);
    },
  };
  const engine = hostlessEngine({ store, queue });
  await engine.start();
  expect(await admitted.promise).toEqual([id]);
  await engine.stop();
});
