import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import {
  hasPostgres,
  hasRedis,
  POSTGRES_MISSING,
  REDIS_MISSING,
  startPostgres,
  startRedis,
  temporaryFolder,
} from '../store/servers.ts';
import type { Server } from '../store/servers.ts';
import { describeQueue } from './queue.conformance.ts';

describe('embedded', () => {
  const folder = temporaryFolder();
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openEmbedded(folder);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  describeQueue('PGlite', () => ({ kind: 'postgres', pool: database.pool }), { releasesInOrder: true });
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
});
