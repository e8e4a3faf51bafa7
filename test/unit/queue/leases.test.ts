import { expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { LeasedJob, QueueBackend } from '../../../src/queue/backend.ts';
import { createHealth } from '../../../src/queue/health.ts';
import { createLeases } from '../../../src/queue/leases.ts';

const id = (digit: string): CandidateId => CandidateId.parse(`c-${digit.repeat(32)}`);
const job = (digit: string, deferredFailure: string | null = null): LeasedJob => ({
  candidateId: id(digit),
  priority: 1,
  queuedAtMs: 0,
  deferredFailure,
});

/** A backend whose answers the test decides; every call is written down. */
const setUp = (overrides: Partial<QueueBackend> = {}) => {
  const calls: string[] = [];
  const said: string[] = [];
  const tell = (what: string, ids: readonly CandidateId[] = []): void => {
    calls.push([what, ...ids.map((each) => each.slice(2, 3))].join(' '));
  };
  const backend: QueueBackend = {
    add: async () => tell('add'),
    lease: async () => [],
    promote: async (ids) => ids.length,
    complete: async (ids) => tell('complete', ids),
    release: async (ids) => tell('release', ids),
    remove: async (ids) => tell('remove', ids),
    adopt: async () => [],
    extend: async (ids) => {
      tell('extend', ids);
      return [];
    },
    hasWaiting: async () => false,
    missing: async () => [],
    count: async () => null,
    concerns: async () => [],
    owner: { read: async () => null, swap: async () => true, beats: false },
    inheritance: null,
    watchStalled: async () => tell('watch'),
    close: async () => {},
    ...overrides,
  };
  const log = {
    info: (_facts: object, message: string) => void said.push(message),
    warn: (_facts: object, message: string) => void said.push(message),
  };
  return { leases: createLeases(backend, createHealth(log), log), calls, said };
};

const failing = async (): Promise<never> => Promise.reject(new Error('gone'));

test('renews what it holds and nothing that ended', async () => {
  const { leases, calls } = setUp({ lease: async () => [job('a'), job('b'), job('c')] });
  await leases.renew();
  await leases.lease(3);
  await leases.complete([id('a')]);
  await leases.release([id('b')]);
  await leases.renew();
  expect(calls).toEqual(['complete a', 'release b', 'extend c']);
});

test('ends leases only when none is being renewed: on Postgres the two could wait for each other', async () => {
  const gate = Promise.withResolvers<readonly CandidateId[]>();
  const begun = Promise.withResolvers<void>();
  const { leases, calls } = setUp({
    lease: async () => [job('a'), job('b')],
    extend: async () => {
      begun.resolve();
      return gate.promise;
    },
  });
  await leases.lease(2);
  const renewing = leases.renew();
  await begun.promise;
  const ending = leases.complete([id('a')]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual([]);
  gate.resolve([]);
  await Promise.all([renewing, ending]);
  expect(calls).toEqual(['complete a']);
});

test('hands out a job that BullMQ gave up, and says so', async () => {
  const { leases, said } = setUp({ lease: async () => [job('a', 'job stalled more than allowable limit')] });
  expect(await leases.lease(1)).toEqual([{ candidateId: id('a'), priority: 1, queuedAtMs: 0 }]);
  expect(said).toEqual([expect.stringContaining('gave this job up')]);
});

test('tells of an outage once, and of its end once', async () => {
  let isDown = true;
  const { leases, said } = setUp({ lease: async () => (isDown ? failing() : []) });
  expect([await leases.lease(1), await leases.lease(1)]).toEqual([[], []]);
  isDown = false;
  await leases.lease(1);
  await leases.lease(1);
  expect(said).toEqual([expect.stringContaining('cannot be reached'), expect.stringContaining('answers again')]);
});

test('after a failed command, adopts what it does not know of, and never what it holds', async () => {
  let failures = 0;
  const { leases } = setUp({
    lease: async () => (failures === 1 ? Promise.reject(new Error(`failure ${(failures += 1)}`)) : [job('a')]),
    adopt: async () => [job('a'), job('b')],
  });
  await leases.lease(1);
  failures = 1;
  await leases.lease(1);
  expect((await leases.lease(1)).map(({ candidateId }) => candidateId)).toEqual([id('b')]);
});

test('hands out nothing that it holds, also where the queue has lost that lease, but what comes behind it; renews it as before', async () => {
  const given = ['a', 'b', 'a', 'b', 'c'].map((each) => job(each));
  const { leases, calls } = setUp({ lease: async (count) => given.splice(0, count) });
  await leases.lease(2);
  expect((await leases.lease(2)).map(({ candidateId }) => candidateId)).toEqual([id('c')]);
  await leases.renew();
  expect(calls).toEqual(['extend a b c']);
});

test('takes no lease while others are put back: one of them would be taken for one that is held', async () => {
  const gate = Promise.withResolvers<void>();
  let waiting = [job('a')];
  const { leases } = setUp({
    lease: async () => waiting.splice(0),
    release: async () => {
      waiting = [job('a')];
      await gate.promise;
    },
  });
  await leases.lease(1);
  const releasing = leases.release([id('a')]);
  const leasing = leases.lease(1);
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  await releasing;
  expect((await leasing).map(({ candidateId }) => candidateId)).toEqual([id('a')]);
});

test('keeps what it could not end, and ends it when asked to repair or before it is added again', async () => {
  let isDown = true;
  const ended: string[] = [];
  const { leases } = setUp({ complete: async (ids) => (isDown ? failing() : void ended.push(...ids)) });
  await expect(leases.complete([id('a')])).rejects.toThrow(/ending leases failed/);
  await expect(leases.finishEnding([id('a')])).rejects.toThrow(/ending leases failed/);
  isDown = false;
  await leases.finishEnding([id('b')]);
  expect(ended).toEqual([]);
  await leases.retryEnding();
  await leases.retryEnding();
  await leases.finishEnding([id('a')]);
  expect(ended).toEqual([id('a')]);
});

test('ends a lease that is removed, and removes what it does not hold', async () => {
  const { leases, calls } = setUp({ lease: async () => [job('a')] });
  await leases.lease(1);
  await leases.remove([id('a')]);
  await leases.remove([id('b')]);
  expect(calls).toEqual(['complete a', 'remove b']);
});

test('starts to look for stalled jobs only once its own are adopted', async () => {
  const order: string[] = [];
  const { leases } = setUp({
    adopt: async () => {
      order.push('adopt');
      return [];
    },
    watchStalled: async () => void order.push('watch'),
  });
  await leases.adopt();
  await leases.adopt();
  expect(order).toEqual(['adopt', 'watch', 'adopt']);
});
