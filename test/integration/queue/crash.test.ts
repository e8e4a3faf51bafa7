import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import { createQueue } from '../../../src/queue/queue.ts';
import { readStoreId } from '../../../src/store/identity.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { createStore } from '../../../src/store/store.ts';
import { databaseFolder } from '../../support/database-folder.ts';
import { epochOf, hasRedis, queueOn, REDIS_MISSING, startRedis } from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';

const CHILD = join(import.meta.dirname, '../../support/queue-life-child.ts');
const LIVES = 3;
const STEPS_MAX = 40;
const SEED = 20_260_101;

/** mulberry32: the same crashes in every run. */
const random = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

type Reported = Record<string, Set<CandidateId>>;

/** Runs one life and kills it once it reported `steps` steps, in the middle of the next. Adds what it reported to `reported`. */
const liveUntilKilled = async (args: readonly string[], steps: number, reported: Reported): Promise<void> => {
  const child = spawn(process.execPath, [CHILD, 'crash', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what = '', ...ids] = line.split(' ');
    for (const id of ids.filter(Boolean)) (reported[what] ??= new Set()).add(CandidateId.parse(id));
    heard += 1;
    if (heard === steps) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
};

/** Opens what the lives left behind, as a restarted daemon does, and checks it against what was acknowledged. */
const checkAfterwards = async (folder: string, backend: string, reported: Reported): Promise<void> => {
  const database = await openEmbedded(folder);
  try {
    const store = createStore(database.sql);
    const queue = await createQueue({
      backend: backend === 'embedded' ? { kind: 'postgres', sql: database.sql } : queueOn({ url: backend }),
      store: { id: await readStoreId(database.sql), name: folder },
      ...(await epochOf(database.sql, folder)),
      leaseMs: 60_000,
      log: { info: () => {}, warn: () => {} },
    });
    const adopted = await queue.adopt();
    const leases = [...adopted, ...(await queue.lease(10_000))].map(({ candidateId }) => candidateId);
    await queue.release(leases);
    await queue.close();
    const unfinished = new Set((await store.unfinished(10_000, null)).map(({ id }) => id));
    expect(new Set(leases).size, 'no id is leased twice').toBe(leases.length);
    for (const id of reported['completed'] ?? []) expect(unfinished.has(id), `${id} has its verdict`).toBe(false);
    // Embedded, a job ends with the verdict: in one transaction.
    for (const id of reported[backend === 'embedded' ? 'completed' : 'ended'] ?? [])
      expect(leases, `${id} has no job`).not.toContain(id);
    for (const id of reported['added'] ?? []) {
      const isDone = (await store.candidate(id))?.state.status === 'done';
      expect(isDone || leases.includes(id), `${id} is done or still queued`).toBe(true);
    }
    await checkJournal(store, reported);
  } finally {
    await database.close();
  }
};

/** One `candidate.done` for each verdict, and none without. */
const checkJournal = async (store: ReturnType<typeof createStore>, reported: Reported): Promise<void> => {
  const events = await store.events({ after: 0, limit: 100_000 });
  const done = events.filter(({ type }) => type === 'candidate.done').map(({ candidateId }) => candidateId);
  expect(new Set(done).size, 'no verdict is journaled twice').toBe(done.length);
  for (const id of reported['completed'] ?? []) expect(done).toContain(id);
};

const describeCrashes = (name: string, backend: () => string): void => {
  test(`with the queue on ${name}, a daemon killed at any moment loses nothing that was acknowledged`, async () => {
    const folder = databaseFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const next = random(SEED);
    const reported: Reported = {};
    for (let life = 0; life < LIVES; life += 1) {
      await liveUntilKilled([folder, backend(), String(life)], 2 + Math.floor(next() * STEPS_MAX), reported);
      await checkAfterwards(folder, backend(), reported);
    }
    expect(reported['completed']?.size).toBeGreaterThan(0);
  });

  test(`with the queue on ${name}, a process that closed everything ends by itself`, async () => {
    const folder = databaseFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const child = spawn(process.execPath, [CHILD, 'exit', folder, backend(), 'exit'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) lines.push(line.split(' ')[0] ?? '');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(lines.at(-1)).toBe('closed');
  });
};

describeCrashes('PGlite', () => 'embedded');

describe.skipIf(!hasRedis)(`server${REDIS_MISSING}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  // The folders are copies of one store: to the queue, a second test would be an older daemon of the first one's.
  beforeEach(async () => {
    const redis = new Redis(server.url);
    await redis.flushall();
    redis.disconnect();
  });
  describeCrashes('Redis', () => server.url);
});
