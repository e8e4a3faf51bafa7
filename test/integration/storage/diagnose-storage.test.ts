import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { diagnoseRedis } from '../../../src/queue/diagnose-redis.ts';
import { diagnosePostgres } from '../../../src/store/diagnose-postgres.ts';
import { takeStore } from '../../../src/store/daemon-lease.ts';
import { readStoreId } from '../../../src/store/identity.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { openBench, storeOf } from '../queue/queue.conformance.ts';
import { HANG_MS } from '../../support/limits.ts';
import {
  freePort,
  hasPostgres,
  hasRedis,
  holderOf,
  POSTGRES_MISSING,
  queueOn,
  REDIS_MISSING,
  startPostgres,
  startRedis,
} from '../../support/servers.ts';

const FOUND = expect.any(String) as string;
const good = (check: string, found: string) => ({ check, found: expect.stringContaining(found) as string, remedy: null });
const bad = (check: string, remedy: string) => ({ check, found: FOUND, remedy: expect.stringContaining(remedy) as string });

describe.skipIf(!hasRedis)(`what doctor says of Redis${REDIS_MISSING}`, () => {
  test('version, settings, rights, and whose queue it is', async () => {
    const server = await startRedis();
    onTestFinished(async () => server.stop());
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const at = { url: server.url, place: 'redis://here', prefix: 'kiln', storeId: storeOf('a').id, answerLimitMs: HANG_MS };
    expect(await diagnoseRedis(at)).toEqual([
      good('redis', 'at redis://here'),
      good('redis durability', 'maxmemory-policy noeviction, appendonly yes'),
      good('redis rights', 'kiln:*'),
      good('queue', 'of no store yet'),
    ]);
    const { name } = await openBench(queueOn(server));
    await redis.copy(`kiln:${name}:owner`, 'kiln:candidates:owner');
    expect((await diagnoseRedis(at)).at(-1)).toEqual(good('queue', `of the store a (${at.storeId})`));
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.call('ACL', 'SETUSER', 'reader', 'on', 'nopass', '~*', '+@read', '+info', '+@connection');
    const poor = { ...at, url: server.url.replace('//', '//reader:any@'), storeId: storeOf('b').id };
    expect(await diagnoseRedis(poor)).toEqual([
      good('redis', 'at redis://here'),
      bad('redis durability', 'set maxmemory-policy noeviction'),
      bad('redis rights', 'let this user run scripts'),
      bad('queue', 'use another queue.prefix'),
    ]);
  });
});

test('a Redis and a Postgres that cannot be reached are one line each, with what to do', async () => {
  const port = await freePort();
  const redis = await diagnoseRedis({
    url: `redis://127.0.0.1:${port}`,
    place: 'redis://there',
    prefix: 'kiln',
    storeId: null,
    answerLimitMs: HANG_MS,
  });
  expect(redis).toEqual([
    { check: 'redis', found: expect.stringMatching(/redis:\/\/there cannot be used \(.*ECONNREFUSED/) as string, remedy: FOUND },
  ]);
  const postgres = await diagnosePostgres(`postgres://kiln:secret@127.0.0.1:${port}/kiln`, 'postgres://there', {
    answerLimitMs: HANG_MS,
  });
  expect(postgres.findings).toEqual([
    {
      check: 'postgres',
      found: expect.stringMatching(/postgres:\/\/there cannot be used \(.*ECONNREFUSED/) as string,
      remedy: FOUND,
    },
  ]);
  expect(JSON.stringify([redis, postgres])).not.toContain('secret');
});

describe.skipIf(!hasPostgres)(`what doctor says of Postgres${POSTGRES_MISSING}`, () => {
  test('version, rights, durability, the store’s id and who uses it', async () => {
    const server = await startPostgres();
    onTestFinished(async () => server.stop());
    const before = await diagnosePostgres(server.url, 'postgres://here', { answerLimitMs: HANG_MS });
    expect(before.storeId).toBeNull();
    expect(before.findings).toEqual([
      good('postgres', 'at postgres://here'),
      good('postgres rights', 'may create schemas'),
      // The server of the tests runs without fsync.
      bad('postgres durability', 'set fsync and synchronous_commit to on'),
    ]);
    const database = await openPostgres(server.url, { connectLimitMs: HANG_MS });
    onTestFinished(async () => database.close());
    const options = { holder: holderOf('daemon'), place: 'x', waitMs: 0, onWait: () => undefined, onLost: () => undefined };
    await takeStore(database.sql, options);
    const after = await diagnosePostgres(server.url, 'postgres://here', { answerLimitMs: HANG_MS });
    expect(after.storeId).toBe(await readStoreId(database.sql));
    expect(after.findings.at(-1)).toEqual(good('store', `in use by process ${process.pid} on test-machine`));
  });
});
