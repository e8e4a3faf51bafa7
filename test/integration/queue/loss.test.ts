import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { redisConcerns, redisSettings } from '../../../src/queue/redis-settings.ts';
import { idOf } from '../../support/builders.ts';
import { hasRedis, queueOn, REDIS_MISSING, startRedis } from '../../support/servers.ts';
import type { RedisServer } from '../../support/servers.ts';
import { jobs, openBench } from './queue.conformance.ts';

const ids = (names: readonly string[]) => names.map(idOf);

describe.skipIf(!hasRedis)(`a Redis that loses what it was given${REDIS_MISSING}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });

  const open = async () => {
    const bench = await openBench(queueOn(server));
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    let losses = 0;
    bench.queue.onLoss(() => (losses += 1));
    return { ...bench, redis, losses: () => losses };
  };
  test('is seen within one look when it is emptied, takes everything again, and hands out what nobody works on', async () => {
    const { queue, redis, tick, losses, said } = await open();
    await queue.add(jobs(['leased', 'a', 'b'], 5));
    await queue.lease(1);
    await tick('look');
    await redis.flushall();
    await tick('look');
    expect(losses()).toBe(1);
    expect(said).toEqual([expect.stringContaining('was emptied or went back in time')]);
    expect(await queue.missing(ids(['leased', 'a', 'b']))).toEqual(ids(['leased', 'a', 'b']));
    await queue.add(jobs(['leased', 'a', 'b'], 5));
    // Who was handed `leased` works on it still: it is leased anew, and ends with the others.
    expect((await queue.lease(10)).map(({ candidateId }) => candidateId)).toEqual(ids(['a', 'b']));
    expect(await queue.lease(10)).toEqual([]);
    await tick('look');
    await queue.complete(ids(['leased', 'a', 'b']));
    expect(await queue.missing(ids(['leased', 'a', 'b']))).toEqual(ids(['leased', 'a', 'b']));
    expect(losses()).toBe(1);
  });

  test('is seen when it goes back in time, as a replica does that was behind', async () => {
    const { queue, name, redis, tick, losses } = await open();
    await queue.add(jobs(['a']));
    const owner = `kiln:${name}:owner`;
    const earlier = (await redis.get(owner)) ?? '';
    await tick('look');
    expect(await redis.get(owner)).not.toBe(earlier);
    await redis.set(owner, earlier);
    await tick('look');
    expect(losses()).toBe(1);
  });

  test('is seen when leases are gone by the time they are renewed', async () => {
    const { queue, name, redis, tick, losses } = await open();
    await queue.add(jobs(['a']));
    await queue.lease(1);
    await redis.del(`kiln:${name}:${idOf('a')}:lock`);
    await tick('renew');
    expect(losses()).toBe(1);
  });

  test.each(['prioritized', 'active'])(
    'has fewer jobs when it evicts the list %s, and takes again what was in it',
    async (list) => {
      const { queue, name, redis } = await open();
      await queue.add(jobs(['a', 'b', 'c', 'd'], 7));
      await queue.lease(2);
      expect(await queue.count()).toBe(4);
      await redis.del(`kiln:${name}:${list}`);
      expect(await queue.count()).toBe(2);
      const lost = await queue.missing(ids(['a', 'b', 'c', 'd']));
      expect(lost).toEqual(ids(list === 'active' ? ['a', 'b'] : ['c', 'd']));
      await queue.add(lost.map((candidateId) => ({ candidateId, priority: 7 })));
      expect(await queue.missing(ids(['a', 'b', 'c', 'd']))).toEqual([]);
      expect(await queue.count()).toBe(4);
    },
  );

  test('says at the start what it would lose', async () => {
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const evicting = await openBench(queueOn(server));
    expect(evicting.said).toEqual([expect.stringMatching(/maxmemory-policy allkeys-lru.*set maxmemory-policy noeviction/)]);
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    const good = await openBench(queueOn(server));
    expect(good.said).toEqual([]);
  });
});

test('a Redis without an append-only file says what a restart costs', () => {
  const settings = redisSettings(
    '# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:0\r\nrole:master\r\n',
  );
  expect(settings).toEqual({ version: '7.0.15', policy: 'noeviction', isAppendOnly: false, isReplica: false });
  expect(redisConcerns(settings)).toEqual([expect.stringMatching(/appendonly no.*queued again.*Set appendonly yes/)]);
});
