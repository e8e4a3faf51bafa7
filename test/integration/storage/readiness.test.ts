import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { KilnError } from '../../../src/domain/errors.ts';
import { createReadiness } from '../../../src/storage/readiness.ts';
import { openBench } from '../queue/queue.conformance.ts';
import { HANG_MS } from '../../support/limits.ts';
import { hasRedis, queueOn, REDIS_MISSING, startRedis, temporaryFolder } from '../../support/servers.ts';

const SMALL_MIB = 20;
const FILL_MIB = 10;

const folderOfTest = (): string => {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const good = async (): Promise<void> => Promise.resolve();
const failing = async (): Promise<void> =>
  Promise.reject(new KilnError('STORE_UNAVAILABLE', 'postgres://kiln:secret@db/kiln says no'));
const readinessOf = (parts: Partial<Parameters<typeof createReadiness>[0]>) => {
  const said: string[] = [];
  const log = {
    warn: (_: object, message: string) => said.push(message),
    info: (_: object, message: string) => said.push(message),
  };
  const given = { dataDir: folderOfTest(), store: good, queue: good, answerLimitMs: HANG_MS, ...parts };
  const notReady = createReadiness({ ...given, log });
  return { notReady, said };
};

test('is ready where folder, store and queue take writes, and says nothing', async () => {
  const { notReady, said } = readinessOf({});
  expect(await notReady()).toBeNull();
  expect(said).toEqual([]);
});

test.each(['store', 'queue'] as const)('names the %s that takes no writes, and keeps its error for the log', async (part) => {
  const { notReady, said } = readinessOf({ [part]: failing });
  expect(await notReady()).toBe(`the ${part} does not take writes`);
  expect(said).toEqual([`not ready: the ${part} does not take writes`]);
});

test('takes a store that does not answer for one that takes no writes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const asked = Promise.withResolvers<undefined>();
  const store = async (): Promise<void> => {
    asked.resolve(undefined);
    return new Promise(() => undefined);
  };
  const answer = readinessOf({ store }).notReady();
  await asked.promise;
  vi.advanceTimersByTime(HANG_MS);
  expect(await answer).toBe('the store does not take writes');
});

test('names a data folder that is gone', async () => {
  const dataDir = folderOfTest();
  rmSync(dataDir, { recursive: true });
  expect(await readinessOf({ dataDir }).notReady()).toContain('the data folder');
});

/** A file system of its own, which only root can mount. */
const mountSmall = (): string | null => {
  const folder = folderOfTest();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_MIB}m`, 'kiln-test', folder]).status !== 0) return null;
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
};

test('is not ready while the disk is full, and ready when there is room again', async (context) => {
  const dataDir = mountSmall();
  if (dataDir === null) return context.skip('mounting needs root');
  expect(await readinessOf({ dataDir }).notReady()).toBeNull();
  writeFileSync(join(dataDir, 'other'), Buffer.alloc(FILL_MIB * 1024 * 1024));
  expect(await readinessOf({ dataDir }).notReady()).toBe('the data folder has no room, or takes no writes');
  rmSync(join(dataDir, 'other'));
  expect(await readinessOf({ dataDir }).notReady()).toBeNull();
});

describe.skipIf(!hasRedis)(`a queue on Redis${REDIS_MISSING}`, () => {
  test('is not ready while Redis refuses to write because its memory is full', async () => {
    const server = await startRedis();
    onTestFinished(async () => server.stop());
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const { queue } = await openBench(queueOn(server));
    if (!('check' in queue)) throw new Error('the queue cannot be asked');
    const check = queue.check as () => Promise<void>;
    expect(await readinessOf({ queue: check }).notReady()).toBeNull();
    await redis.config('SET', 'maxmemory', '1');
    expect(await readinessOf({ queue: check }).notReady()).toBe('the queue does not take writes');
    await redis.config('SET', 'maxmemory', '0');
    expect(await readinessOf({ queue: check }).notReady()).toBeNull();
  });
});
