import { rmSync } from 'node:fs';
import { createPostgresBackend, DEFAULT_SCHEMA, isPgPool, Queue as BullQueue, runMigrations } from 'bullmq';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endingJobs } from '../../../src/queue/postgres-backend.ts';
import { createStore } from '../../../src/store/store.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { hasPostgres, hasRedis, POSTGRES_MISSING, REDIS_MISSING, startPostgres, startRedis } from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';
import { describeOwnership } from './ownership.conformance.ts';
import { describeQueue, idsOf, jobs, LEASE_MS, openBench, storeOf } from './queue.conformance.ts';
import { attempt, candidate, completion, idOf } from '../../support/builders.ts';
import { databaseFolder } from '../../support/database-folder.ts';

const bullJob = (each: string, priority: number) => ({ name: 'candidate', data: {}, opts: { jobId: idOf(each), priority } });

/** Puts a queue with one lease back into BullMQ's tables, with jobs that wait, as a Kiln of before 0027_jobs.sql left it. */
const keptByBullMQ = async (url: string, name: string, sql: OpenDatabase['sql']): Promise<void> => {
  const pool: unknown = new pg.Pool({ connectionString: url, options: `-c search_path=${DEFAULT_SCHEMA},public` });
  if (!isPgPool(pool)) throw new Error('BullMQ knows another pool');
  const client = await pool.connect();
  await runMigrations(client, DEFAULT_SCHEMA);
  client.release();
  const old = new BullQueue(name, { connection: pool }, createPostgresBackend);
  await old.addBulk([bullJob('a', 100), bullJob('leased', 100), bullJob('b', 100), bullJob('urgent', 1)]);
  await old.close();
  await pool.query(`
    update job set state = 'active', lock_token = jobs.leased_by, locked_until_ms = jobs.leased_until_ms from kiln.jobs where (jobs.queue, jobs.id) = (job.queue, job.id);
    create table kiln_owner (queue text primary key, owner text not null);
    insert into kiln_owner select * from kiln.queue_owners where queue = '${name}'`);
  await pool.end();
  await sql.script(
    'drop table kiln.jobs, kiln.queue_owners; drop sequence kiln.job_order; delete from kiln.migrations where version = 27',
  );
};

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
    database = await openPostgres(server.url);
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  describeQueue('Postgres', () => ({ kind: 'postgres', sql: database.sql }), { releasesInOrder: true });
  describeOwnership('Postgres', () => ({ kind: 'postgres', sql: database.sql }));

  test('a queue that BullMQ kept goes on where it was, with its order, its leases and its owner', async () => {
    const before = await openBench({ kind: 'postgres', sql: database.sql });
    await before.queue.add(jobs(['leased']));
    await before.queue.lease(1);
    await before.queue.close();
    await keptByBullMQ(server.url, before.name, database.sql);
    const migrated = await openPostgres(server.url);
    await migrated.close();
    const { queue } = await before.again('same');
    expect(idsOf(await queue.adopt())).toEqual([idOf('leased')]);
    await queue.add(jobs(['new']));
    expect(idsOf(await queue.lease(10))).toEqual(['urgent', 'a', 'b', 'new'].map(idOf));
    await expect(before.again('another', LEASE_MS, { store: storeOf('b') })).rejects.toMatchObject({
      code: 'QUEUE_OWNED_ELSEWHERE',
    });
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
  describeQueue('Redis', () => ({ kind: 'redis', url: server.url }), { releasesInOrder: false });
  describeOwnership('Redis', () => ({ kind: 'redis', url: server.url }));
});
