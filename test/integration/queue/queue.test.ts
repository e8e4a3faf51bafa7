import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENTS_MAX } from '../../../src/queue/backend.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { hasPostgres, hasRedis, POSTGRES_MISSING, REDIS_MISSING, startPostgres, startRedis } from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';
import { describeOwnership } from './ownership.conformance.ts';
import { describeQueue, jobs, openBench } from './queue.conformance.ts';
import { databaseFolder } from '../../support/database-folder.ts';

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
  describeQueue('PGlite', () => ({ kind: 'postgres', pool: database.pool }), { releasesInOrder: true });
  describeOwnership('PGlite', () => ({ kind: 'postgres', pool: database.pool }));

  test('BullMQ’s events, which nobody reads, do not pile up', async () => {
    const { queue } = await openBench({ kind: 'postgres', pool: database.pool });
    const BATCH = 400;
    for (let round = 0; round < 4; round += 1) {
      await queue.add(jobs(Array.from({ length: BATCH }, (_, index) => `${round}-${index}`)));
      await queue.complete((await queue.lease(BATCH)).map(({ candidateId }) => candidateId));
    }
    const [left] = await database.sql.query<{ count: number }>('select count(*)::integer as count from bullmq.event');
    // Adding writes two a job.
    expect(left?.count).toBeLessThanOrEqual(EVENTS_MAX + 2 * BATCH);
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
  describeQueue('Postgres', () => ({ kind: 'postgres', pool: database.pool }), { releasesInOrder: true });
  describeOwnership('Postgres', () => ({ kind: 'postgres', pool: database.pool }));
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
