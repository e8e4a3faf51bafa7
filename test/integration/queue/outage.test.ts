import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KilnError } from '../../../src/domain/errors.ts';
import { createQueue } from '../../../src/queue/queue.ts';
import { idOf } from '../../support/builders.ts';
import { freePort, hasRedis, holderOf, queueOn, REDIS_MISSING, startRedis } from '../../support/servers.ts';
import type { RedisServer } from '../../support/servers.ts';
import { jobs, openBench, storeOf } from './queue.conformance.ts';

const REFUSAL_LIMIT_MS = 60_000;
const WATCHER_BACK_MS = 3_000;

describe.skipIf(!hasRedis)(`a queue whose Redis goes away${REDIS_MISSING}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  const backend = () => queueOn(server);

  test('refuses to add, leases nothing and says so once; then goes on by itself with all that it had', async () => {
    const { queue, said, tick } = await openBench(backend());
    await queue.add(jobs(['waits', 'is leased'], 5));
    const held = await queue.lease(1);
    let calls = 0;
    queue.onWork(() => (calls += 1));
    await server.restart(async () => {
      const started = performance.now();
      await expect(queue.add(jobs(['refused']))).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
      expect(performance.now() - started).toBeLessThan(REFUSAL_LIMIT_MS);
      expect(await queue.lease(10)).toEqual([]);
      expect(await queue.lease(10)).toEqual([]);
      await tick('poll');
      await tick('renew');
      await expect(queue.complete([idOf('waits')])).rejects.toBeInstanceOf(KilnError);
      expect(said).toEqual([expect.stringContaining('cannot be reached')]);
    });
    await expect
      .poll(async () => {
        await tick('poll');
        return calls;
      })
      .toBeGreaterThan(0);
    expect(said.at(-1)).toContain('answers again');
    const leased = held.map(({ candidateId }) => candidateId);
    await expect
      .poll(async () => {
        leased.push(...(await queue.lease(10)).map(({ candidateId }) => candidateId));
        return leased;
      })
      .toEqual(['waits', 'is leased'].map(idOf));
  });

  test('wakes up for work that comes after Redis was restarted while the queue was idle', async () => {
    const { queue } = await openBench(backend());
    await server.restart(async () => {});
    await expect
      .poll(async () =>
        queue.add(jobs(['later'])).then(
          () => 'added',
          () => 'refused',
        ),
      )
      .toBe('added');
    expect(await queue.lease(10)).toHaveLength(1);
  });

  test('ends at the first chance what could not be ended during the outage', async () => {
    const { queue, tick, waiting } = await openBench(backend());
    await queue.add(jobs(['a']));
    await queue.lease(1);
    await server.restart(async () => {
      await expect(queue.complete([idOf('a')])).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    });
    await expect
      .poll(async () => {
        await tick('poll');
        return queue.add(jobs(['a'])).then(
          async () => waiting(),
          () => 'refused',
        );
      })
      .toBe(1);
  });

  test('takes back a lease whose answer was lost with the connection', async () => {
    const { queue, again, tick } = await openBench(backend());
    const twin = await again('same');
    await queue.add(jobs(['a']));
    // Leased under our token by somebody else: the same as a lease whose answer never came.
    await twin.queue.lease(1);
    await server.restart(async () => {
      expect(await queue.lease(1)).toEqual([]);
    });
    await expect
      .poll(async () => {
        await tick('poll');
        return (await queue.lease(1)).map(({ candidateId }) => candidateId);
      })
      .toEqual([idOf('a')]);
  });

  test('closes while Redis is away, and leaves no connection that goes on trying', async () => {
    const { queue } = await openBench(backend());
    await queue.add(jobs(['a']));
    // Comes back later than any connection of the queue's would.
    const watcher = new Redis(server.url, { retryStrategy: () => WATCHER_BACK_MS });
    watcher.on('error', () => {});
    onTestFinished(() => watcher.disconnect());
    await watcher.ping();
    await server.restart(async () => queue.close());
    expect(await connectionsOf(watcher)).toBe(1);
  });

  test('closes while Redis hangs', async () => {
    const { queue } = await openBench({ kind: 'redis', url: server.url });
    await server.freeze(async () => queue.close());
    const watcher = new Redis(server.url);
    onTestFinished(() => watcher.disconnect());
    expect(await connectionsOf(watcher)).toBe(1);
  });
});

const connectionsOf = async (redis: Redis): Promise<number> =>
  String(await redis.client('LIST'))
    .trim()
    .split('\n').length;

test('a queue whose Redis cannot be reached is refused within seconds', async () => {
  const started = performance.now();
  const opening = createQueue({
    backend: { kind: 'redis', url: `redis://127.0.0.1:${await freePort()}` },
    store: storeOf('a'),
    epoch: 1,
    holder: holderOf('a'),
    leaseMs: 60_000,
    log: { info: () => {}, warn: () => {} },
  });
  await expect(opening).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  expect(performance.now() - started).toBeLessThan(REFUSAL_LIMIT_MS);
});
