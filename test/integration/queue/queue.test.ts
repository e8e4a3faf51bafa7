import { rmSync } from 'node:fs';
import { createPostgresBackend, DEFAULT_SCHEMA, isPgPool, Queue as BullQueue, runMigrations } from 'bullmq';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { endingJobs } from '../../../src/queue/postgres-backend.ts';
import { createStore } from '../../../src/store/store.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { HANG_MS } from '../../support/limits.ts';
import {
  hasPostgres,
  hasRedis,
  POSTGRES_MISSING,
  queueOn,
  REDIS_MISSING,
  startPostgres,
  startRedis,
} from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';
import { describeOwnership } from './ownership.conformance.ts';
import type { Bench } from './queue.conformance.ts';
import { describeQueue, idsOf, jobs, LEASE_MS, openBench, storeOf } from './queue.conformance.ts';
import { attempt, candidate, completion, idOf } from '../../support/builders.ts';
import { databaseFolder } from '../../support/database-folder.ts';

const bullJob = (each: string, priority: number) => ({ name: 'candidate', data: {}, opts: { jobId: idOf(each), priority } });

const addToBullMQ = async (url: string, name: string, added: readonly (readonly [string, number])[]): Promise<void> => {
  const pool: unknown = new pg.Pool({ connectionString: url, options: `-c search_path=${DEFAULT_SCHEMA},public` });
  if (!isPgPool(pool)) throw new Error('BullMQ knows another pool');
  const client = await pool.connect();
  await runMigrations(client, DEFAULT_SCHEMA);
  client.release();
  const queue = new BullQueue(name, { connection: pool }, createPostgresBackend);
  await queue.addBulk(added.map(([each, priority]) => bullJob(each, priority)));
  await queue.close();
  await pool.end();
};

/** Puts a queue with one lease back into BullMQ's tables, with jobs that wait, as a Kiln of before 0027_jobs.sql left it. */
const keptByBullMQ = async (url: string, name: string, sql: OpenDatabase['sql']): Promise<void> => {
  await addToBullMQ(url, name, [
    ['a', 100],
    ['leased', 100],
    ['b', 100],
    ['urgent', 1],
  ]);
  await sql.script(`
    update bullmq.job set state = 'active', lock_token = jobs.leased_by, locked_until_ms = jobs.leased_until_ms from kiln.jobs where (jobs.queue, jobs.id) = (job.queue, job.id);
    create table if not exists bullmq.kiln_owner (queue text primary key, owner text not null);
    insert into bullmq.kiln_owner select * from kiln.queue_owners where queue = '${name}';
    delete from kiln.jobs where queue = '${name}';
    delete from kiln.queue_owners where queue = '${name}'`);
};

/** Told alike in BullMQ's schema and in Kiln's. */
const OWNERS = 'select from bullmq.kiln_owner join kiln.queue_owners using (queue, owner) where queue = $1';

describe('embedded', () => {
  const folder = databaseFolder();
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openEmbedded(folder);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  describeQueue('PGlite', () => ({ kind: 'postgres', sql: database.sql }), { releasesInOrder: true });
  describeOwnership('PGlite', () => ({ kind: 'postgres', sql: database.sql }));

  test('what nobody renews is put back within two lease times, whenever it was first looked, and not at the first look that finds it late', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const gone = await openBench({ kind: 'postgres', sql: database.sql });
    await gone.queue.add(jobs(['a']));
    await gone.queue.lease(1);
    const { queue } = await gone.again('another');
    vi.advanceTimersByTime(0.99 * LEASE_MS);
    expect(await queue.adopt()).toEqual([]);
    vi.advanceTimersByTime(0.5 * LEASE_MS);
    expect(await queue.lease(1)).toEqual([]);
    vi.advanceTimersByTime(0.5 * LEASE_MS);
    expect(idsOf(await queue.lease(1))).toEqual([idOf('a')]);
  });

  test('a job ends with the final word of its candidate, or stays where that could not be written', async () => {
    const { queue, name } = await openBench({ kind: 'postgres', sql: database.sql });
    await queue.add(jobs(['a', 'b', 'waits']));
    await queue.lease(2);
    const [row] = await database.sql.query<{ token: string }>(
      'select leased_by as token from kiln.jobs where queue = $1 and id = $2',
      [name, idOf('a')],
    );
    const store = createStore(database.sql, { withFinal: endingJobs(name, row?.token ?? '') });
    await store.insertCandidates(['a', 'b', 'waits'].map((each) => candidate(each)));
    const ids = ['a', 'b', 'waits'].map(idOf);
    await store.complete([completion('a', 2), completion('waits', 1)]);
    expect(await queue.missing(ids)).toEqual([idOf('a')]);
    const failing = store.writeProgress({
      transitions: [],
      completions: [completion('b', 1)],
      attempts: [attempt('b', 1, { verdict: null })],
    });
    await expect(failing).rejects.toThrow('attempts_timings_when_passed');
    expect(await queue.missing(ids)).toEqual([idOf('a')]);
    await queue.complete([idOf('a'), idOf('b')]);
    expect(await queue.missing(ids)).toEqual(['a', 'b'].map(idOf));
  });
});

describe.skipIf(!hasPostgres)(`server${POSTGRES_MISSING}`, () => {
  let server: Server;
  let database: OpenDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openPostgres(server.url, { connectLimitMs: HANG_MS });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  describeQueue('Postgres', () => ({ kind: 'postgres', sql: database.sql }), { releasesInOrder: true });
  describeOwnership('Postgres', () => ({ kind: 'postgres', sql: database.sql }));

  /** With the lease of its one job. */
  const openKeptByBullMQ = async (): Promise<Bench> => {
    const before = await openBench({ kind: 'postgres', sql: database.sql });
    await before.queue.add(jobs(['leased']));
    await before.queue.lease(1);
    await before.queue.close();
    await keptByBullMQ(server.url, before.name, database.sql);
    return before;
  };
  const keptJobs = async (name: string): Promise<number> =>
    (await database.sql.query('select id from bullmq.job where queue = $1', [name])).length;

  test('a queue that BullMQ kept goes on where it was, with its order, its leases and its owner', async () => {
    const before = await openKeptByBullMQ();
    await expect(before.again('another', LEASE_MS, { store: storeOf('b') })).rejects.toMatchObject({
      code: 'QUEUE_OWNED_ELSEWHERE',
    });
    expect(await keptJobs(before.name)).toBe(4);
    const { queue } = await before.again('same');
    expect(idsOf(await queue.adopt())).toEqual([idOf('leased')]);
    await queue.add(jobs(['new']));
    expect(idsOf(await queue.lease(10))).toEqual(['urgent', 'a', 'b', 'new'].map(idOf));
    expect(await keptJobs(before.name)).toBe(0);
  });

  test('a queue that BullMQ kept is taken over however long that takes: the limit of a statement does not hold', async () => {
    const before = await openKeptByBullMQ();
    await database.sql.script(`
      create table bullmq.limits (told text);
      create function bullmq.tell_limit() returns trigger language plpgsql as $$ begin insert into bullmq.limits values (current_setting('statement_timeout')); return null; end $$;
      create trigger tell_limit after delete on bullmq.job execute function bullmq.tell_limit()`);
    onTestFinished(async () => database.sql.script('drop function bullmq.tell_limit cascade; drop table bullmq.limits'));
    await before.again('same');
    expect(await database.sql.query('select told from bullmq.limits')).toEqual([{ told: '0' }]);
  });

  test('a queue that BullMQ keeps stays where it is while tables are made, and while others are opened', async () => {
    const { name } = await openKeptByBullMQ();
    await database.sql.script(
      'drop table kiln.jobs, kiln.queue_owners; drop sequence kiln.job_order; delete from kiln.migrations where version = 27',
    );
    const migrated = await openPostgres(server.url, { connectLimitMs: HANG_MS });
    await migrated.close();
    await openBench({ kind: 'postgres', sql: database.sql });
    expect(await keptJobs(name)).toBe(4);
  });

  test('what BullMQ is given after that is taken over at the next start, once; its daemon finds who has the queue', async () => {
    const before = await openKeptByBullMQ();
    const first = await before.again('same');
    expect(idsOf(await first.queue.lease(1))).toEqual([idOf('urgent')]);
    await first.queue.close();
    expect(await database.sql.query(OWNERS, [before.name])).toHaveLength(1);
    await addToBullMQ(server.url, before.name, [
      ['urgent', 1],
      ['late', 100],
    ]);
    const second = await before.again('same');
    expect(idsOf(await second.queue.adopt()).toSorted()).toEqual(['leased', 'urgent'].map(idOf).toSorted());
    expect(idsOf(await second.queue.lease(10))).toEqual(['a', 'b', 'late'].map(idOf));
  });
});

describe.skipIf(!hasRedis)(`server${REDIS_MISSING}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  describeQueue('Redis', () => queueOn(server), { releasesInOrder: false });
  describeOwnership('Redis', () => queueOn(server));
});
