import { randomUUID } from 'node:crypto';
import { Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CandidateId } from '../../../src/domain/ids.ts';
import type { DaemonHolder } from '../../../src/domain/daemon-holder.ts';
import type { StoreIdentity } from '../../../src/domain/store-identity.ts';
import type { Queue } from '../../../src/domain/ports/queue.ts';
import { createQueue } from '../../../src/queue/queue.ts';
import type { QueueOptions } from '../../../src/queue/queue.ts';
import { idOf } from '../../support/builders.ts';
import { HANG_MS } from '../../support/limits.ts';
import { holderOf } from '../../support/servers.ts';

export const LEASE_MS = HANG_MS;
let queues = 0;

/** A queue of its own in the suite's backend, ended with the test; its timers run when the test says so. */
export interface Bench {
  readonly queue: Queue;
  /** As BullMQ knows it. */
  readonly name: string;
  /** Counted beside the queue. */
  readonly waiting: () => Promise<number>;
  readonly said: string[];
  /** Runs the safety poll (1 s) or the renewal (a third of the lease), to its end; where one is under way, that one alone. */
  readonly tick: (which: 'poll' | 'renew' | 'look') => Promise<void>;
  /** The same queue opened by another daemon, or by this one after a restart (the same token). */
  readonly again: (whose: 'another' | 'same', leaseMs?: number, of?: Owned) => Promise<Bench>;
}

/** The store whose jobs a bench's queue holds, and another one's that it takes over. */
interface Owned {
  readonly store?: StoreIdentity;
  readonly adopt?: string;
  /** The daemon among those of the store. */
  readonly epoch?: number;
  readonly holder?: DaemonHolder;
}

const HOLDER = holderOf('the daemon');

export const storeOf = (digit: string): StoreIdentity => ({ id: `store-${digit.repeat(32)}`, name: `the store ${digit}` });

/** Of leases that no other bench has. */
const tokenOf = (): string => `test-${randomUUID()}`;

export const openBench = async (backend: QueueOptions['backend'], leaseMs = LEASE_MS): Promise<Bench> => {
  queues += 1;
  return benchOf(backend, { name: `test-${process.pid}-${queues}`, token: tokenOf(), leaseMs });
};

const benchOf = async (
  backend: QueueOptions['backend'],
  {
    name,
    token,
    leaseMs,
    store = storeOf('a'),
    epoch = 1,
    holder = HOLDER,
    adopt,
  }: Owned & { readonly name: string; readonly token: string; readonly leaseMs: number },
): Promise<Bench> => {
  const said: string[] = [];
  const routines = new Map<number, () => Promise<void>>();
  const queue: Queue = await createQueue({
    backend,
    name,
    leaseMs,
    store,
    epoch,
    holder,
    onLost: (error) => said.push(`lost: ${error.message}`),
    place: `the queue ${name}`,
    ...(adopt === undefined ? {} : { adopt }),
    token,
    log: { info: (_facts, message) => said.push(message), warn: (_facts, message) => said.push(message) },
    every: (ms, work) => {
      routines.set(ms, work);
      return () => routines.delete(ms);
    },
  });
  onTestFinished(async () => queue.close());
  return {
    queue,
    name,
    waiting: async () => countJobs(name, backend, 'waiting'),
    said,
    tick: async (which) => routines.get({ poll: 1000, look: 5000, renew: leaseMs / 3 }[which])?.(),
    again: async (whose, nextLeaseMs = leaseMs, of = {}) =>
      benchOf(backend, { name, token: whose === 'same' ? token : tokenOf(), leaseMs: nextLeaseMs, ...of }),
  };
};

export const jobs = (names: readonly (string | number)[], priority = 100): { candidateId: CandidateId; priority: number }[] =>
  names.map((name) => ({ candidateId: idOf(name), priority }));

type Backend = QueueOptions['backend'];

/** On Redis by BullMQ's own view of a queue, as its tools have it. */
const countJobs = async (name: string, backend: Backend, which: 'waiting' | 'all'): Promise<number> => {
  if (backend.kind === 'redis') {
    const counts = await bullQueue(name, backend.url).getJobCounts(
      ...(which === 'waiting' ? (['waiting', 'prioritized'] as const) : []),
    );
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }
  const [row] = await backend.sql.query<{ count: number }>(
    `select count(*)::integer as count from kiln.jobs where queue = $1 ${which === 'waiting' ? 'and leased_by is null' : ''}`,
    [name],
  );
  return row?.count ?? NaN;
};

const bullQueue = (name: string, url: string): Pick<BullQueue, 'pause' | 'resume' | 'getJobCounts'> => {
  const queue = new BullQueue(name, { connection: { url }, prefix: 'kiln' });
  onTestFinished(async () => queue.close());
  return queue;
};

/** When a lease ends, read and written beside the queue. */
const leaseOf = (backend: Backend, name: string, id: CandidateId) => {
  if (backend.kind === 'redis') {
    const [redis, lock] = [new Redis(backend.url), `kiln:${name}:${id}:lock`];
    onTestFinished(() => redis.disconnect());
    return { endIn: async (ms: number) => redis.pexpire(lock, ms), leftMs: async () => redis.pttl(lock) };
  }
  const row = 'where queue = $1 and id = $2 and leased_by is not null';
  return {
    endIn: async (ms: number) =>
      backend.sql.query(`update kiln.jobs set leased_until_ms = $3::bigint ${row}`, [name, id, Date.now() + ms]),
    leftMs: async () => {
      const [job] = await backend.sql.query<{ until: number }>(`select leased_until_ms::float8 as until from kiln.jobs ${row}`, [
        name,
        id,
      ]);
      return (job?.until ?? NaN) - Date.now();
    },
  };
};

const isOfOneLease = (leftMs: number): boolean => leftMs > 0 && leftMs <= LEASE_MS;

export const idsOf = (leases: readonly { readonly candidateId: CandidateId }[]): CandidateId[] =>
  leases.map(({ candidateId }) => candidateId);

interface Strength {
  /** Leases that are put back keep their order; without it they only come before what was added later. */
  readonly releasesInOrder: boolean;
}

/** What every queue must do, over any backend. */
export const describeQueue = (name: string, backendOf: () => QueueOptions['backend'], { releasesInOrder }: Strength): void => {
  describe(`a queue on ${name}`, () => {
    test('leases by priority, first come first served within one', async () => {
      const { queue } = await openBench(backendOf());
      await queue.add([...jobs(['a', 'b']), ...jobs(['urgent'], 1), ...jobs(['later'], 2_000_000)]);
      await queue.add(jobs(['c']));
      expect(idsOf(await queue.lease(10))).toEqual(['urgent', 'a', 'b', 'c', 'later'].map(idOf));
      expect(await queue.lease(10)).toEqual([]);
    });

    test('tells priority and time of a lease, and leases no more than asked', async () => {
      const { queue, waiting } = await openBench(backendOf());
      const before = Date.now();
      await queue.add(jobs(['a', 'b', 'c'], 7));
      const leases = await queue.lease(2);
      expect(leases).toHaveLength(2);
      expect(leases[0]).toMatchObject({ candidateId: idOf('a'), priority: 7 });
      expect(leases[0]?.queuedAtMs).toBeGreaterThanOrEqual(before);
      expect(await waiting()).toBe(1);
      expect(await queue.lease(0)).toEqual([]);
    });

    test('promotes jobs before all that wait, in the order told, and leaves others alone', async () => {
      const { queue } = await openBench(backendOf());
      await queue.add([...jobs(['a', 'b', 'c', 'd'], 500), ...jobs(['urgent'], 1)]);
      const [leased] = await queue.lease(1);
      expect(leased?.candidateId).toBe(idOf('urgent'));
      expect(await queue.promote([idOf('c'), idOf('unknown'), idOf('urgent'), idOf('b')])).toBe(2);
      expect(idsOf(await queue.lease(10))).toEqual(['c', 'b', 'a', 'd'].map(idOf));
      await queue.complete([idOf('urgent'), idOf('c')]);
      expect(await queue.lease(10)).toEqual([]);
    });

    test('leaves a job alone whose id is there already, waiting or leased', async () => {
      const { queue, waiting } = await openBench(backendOf());
      await queue.add(jobs(['a'], 5));
      await queue.add(jobs(['a', 'a', 'b'], 1));
      expect(await waiting()).toBe(2);
      await queue.lease(10);
      await queue.add(jobs(['a', 'b']));
      expect(await waiting()).toBe(0);
    });

    test('takes an id again once its job has ended', async () => {
      const { queue } = await openBench(backendOf());
      await queue.add(jobs(['a']));
      await queue.lease(1);
      await Promise.all([queue.complete([idOf('a')]), queue.add(jobs(['a']))]);
      expect(idsOf(await queue.lease(1))).toEqual([idOf('a')]);
    });

    test('ends leases for good, whatever else it is asked to end', async () => {
      const { queue, waiting } = await openBench(backendOf());
      await queue.add(jobs(['a', 'b', 'c']));
      await queue.lease(2);
      await queue.complete([idOf('a'), idOf('unknown'), idOf('c')]);
      await queue.complete([idOf('a')]);
      const next = await queue.lease(10);
      expect(idsOf(next)).toEqual([idOf('c')]);
      expect(await waiting()).toBe(0);
    });

    test('puts leases back before what came later', async () => {
      const { queue } = await openBench(backendOf());
      await queue.add(jobs(['a', 'b', 'c', 'd']));
      const taken = await queue.lease(3);
      await queue.release(idsOf(taken));
      const order = idsOf(await queue.lease(10));
      expect(new Set(order.slice(0, 3))).toEqual(new Set(idsOf(taken)));
      expect(!releasesInOrder || order.join() === ['a', 'b', 'c', 'd'].map(idOf).join()).toBe(true);
      expect(order[3]).toBe(idOf('d'));
    });

    test('removes a job that waits and one that is leased', async () => {
      const { queue, waiting } = await openBench(backendOf());
      await queue.add(jobs(['a', 'b']));
      await queue.lease(1);
      await queue.remove([idOf('a')]);
      await queue.remove([idOf('b')]);
      await queue.remove([idOf('unknown')]);
      expect(await waiting()).toBe(0);
      await queue.add(jobs(['a', 'b']));
      expect(await waiting()).toBe(2);
    });

    test('leases thousands, each once, to concurrent callers', async () => {
      const { queue, waiting } = await openBench(backendOf());
      const names = Array.from({ length: 2_000 }, (_, n) => n);
      await queue.add(jobs(names));
      const leases = (await Promise.all([queue.lease(700), queue.lease(700), queue.lease(700)])).flat();
      expect(leases).toHaveLength(2_000);
      expect(new Set(idsOf(leases))).toEqual(new Set(names.map(idOf)));
      await queue.complete(idsOf(leases));
      expect(await waiting()).toBe(0);
    });

    test('adopts after a restart what this daemon held, and nothing twice', async () => {
      const before = await openBench(backendOf());
      await before.queue.add(jobs(['a', 'b', 'c'], 9));
      await before.queue.lease(2);
      await before.queue.close();
      const after = await before.again('same');
      const adopted = await after.queue.adopt();
      expect(new Set(idsOf(adopted))).toEqual(new Set([idOf('a'), idOf('b')]));
      expect(adopted[0]?.priority).toBe(9);
      expect(await after.queue.adopt()).toEqual([]);
      await after.queue.complete(idsOf(adopted));
      expect(idsOf(await after.queue.lease(10))).toEqual([idOf('c')]);
    });

    test('neither adopts nor ends nor puts back what another daemon holds', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['a', 'b']));
      const taken = idsOf(await ours.queue.lease(1));
      const other = await ours.again('another');
      expect(await other.queue.adopt()).toEqual([]);
      await other.queue.complete(taken);
      await other.queue.release(taken);
      await other.queue.remove([idOf('b')]);
      expect(await ours.waiting()).toBe(0);
      await ours.queue.add(jobs(['a']));
      expect(await ours.waiting()).toBe(0);
      await ours.queue.complete(taken);
      await ours.queue.add(jobs(['a']));
      expect(await ours.waiting()).toBe(1);
    });

    test('adopts what a daemon held that let its leases run out', async () => {
      const SHORT_MS = 50;
      const gone = await openBench(backendOf(), SHORT_MS);
      await gone.queue.add(jobs(['a']));
      await gone.queue.lease(1);
      const other = await gone.again('another', LEASE_MS);
      await expect.poll(async () => idsOf(await other.queue.adopt())).toEqual([idOf('a')]);
    });

    test('keeps a lease beyond its time by renewing it', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['kept', 'dropped']));
      expect(idsOf(await ours.queue.lease(1))).toEqual([idOf('kept')]);
      const lease = leaseOf(backendOf(), ours.name, idOf('kept'));
      await lease.endIn(2 * LEASE_MS);
      await ours.tick('renew');
      // Set anew: its time counts from now.
      await expect.poll(async () => isOfOneLease(await lease.leftMs())).toBe(true);
      const other = await ours.again('another');
      expect(await other.queue.adopt()).toEqual([]);
      expect(ours.said).toEqual([]);
      await ours.queue.complete([idOf('kept')]);
      await ours.queue.add(jobs(['kept']));
      expect(await ours.waiting()).toBe(2);
    });

    test('tells of a lease that was lost and lets it go', async () => {
      const SHORT_MS = 50;
      const ours = await openBench(backendOf(), SHORT_MS);
      await ours.queue.add(jobs(['a']));
      await ours.queue.lease(1);
      const other = await ours.again('another', LEASE_MS);
      await expect.poll(async () => idsOf(await other.queue.adopt())).toEqual([idOf('a')]);
      await ours.tick('renew');
      await expect.poll(() => ours.said).toEqual([expect.stringContaining('leases were lost')]);
      await ours.tick('renew');
      await ours.queue.complete([idOf('a')]);
      await other.queue.add(jobs(['a']));
      expect(await other.waiting()).toBe(0);
      expect(ours.said).toHaveLength(1);
    });

    test('gives nothing while somebody has paused it with BullMQ, and everything afterwards', async ({ skip }) => {
      const backend = backendOf();
      if (backend.kind !== 'redis') return skip('BullMQ knows nothing of it');
      const { queue, name: queueName } = await openBench(backend);
      const elsewhere = bullQueue(queueName, backend.url);
      await queue.add(jobs(['a']));
      await elsewhere.pause();
      expect(await queue.lease(10)).toEqual([]);
      await elsewhere.resume();
      expect(idsOf(await queue.lease(10))).toEqual([idOf('a')]);
    });

    test('keeps no job that ended', async () => {
      const { queue, name: queueName } = await openBench(backendOf());
      await queue.add(jobs(['a', 'b', 'c']));
      await queue.complete(idsOf(await queue.lease(2)));
      expect(await countJobs(queueName, backendOf(), 'all')).toBe(1);
    });

    test('tells which candidates have no job, waiting or leased', async () => {
      const { queue } = await openBench(backendOf());
      await queue.add([...jobs(['leased'], 1), ...jobs(['waits', 'first'])]);
      await queue.lease(1);
      await queue.promote([idOf('first')]);
      expect(await queue.missing(['none', 'leased', 'waits', 'first', 'never'].map(idOf))).toEqual(['none', 'never'].map(idOf));
      expect(await queue.missing([])).toEqual([]);
    });

    test('calls for work at once when it adds, and by the poll when others do', async () => {
      const ours = await openBench(backendOf());
      const other = await ours.again('another');
      let calls = 0;
      ours.queue.onWork(() => (calls += 1));
      await ours.queue.add(jobs(['a']));
      expect(calls).toBe(1);
      await ours.queue.lease(1);
      await other.queue.add(jobs(['b']));
      expect(calls).toBe(1);
      await ours.tick('poll');
      await expect.poll(() => calls).toBe(2);
    });
  });
};
