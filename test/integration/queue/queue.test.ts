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

  test('writes no event of BullMQ for a job that is added, taken and ended, and those of others do not pile up', async () => {
    const { queue, tick } = await openBench({ kind: 'postgres', pool: database.pool });
    const events = async (): Promise<number> => {
      const rows = await database.sql.query<{ count: number }>('select count(*)::integer as count from bullmq.event');
      return rows[0]?.count ?? NaN;
    };
    const before = await events();
    const names = Array.from({ length: 2 * EVENTS_MAX }, (_, index) => index);
    await queue.add(jobs(names));
    await queue.complete((await queue.lease(EVENTS_MAX)).map(({ candidateId }) => candidateId));
    expect(await events()).toBe(before);
    for (let round = 0; round < 2; round += 1)
      await queue.release((await queue.lease(EVENTS_MAX)).map(({ candidateId }) => candidateId));
    expect(await events()).toBeGreaterThan(before + EVENTS_MAX);
    await queue.lease(1);
    tick('renew');
    await expect.poll(events).toBeLessThanOrEqual(before + EVENTS_MAX);
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
