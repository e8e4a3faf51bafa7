import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { describeCanaries } from './canaries.conformance.ts';
import { describeSteering } from './steering.conformance.ts';
import { describeProfiles } from './profiles.conformance.ts';
import { HANG_MS } from '../../support/limits.ts';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';
import { describeCampaignStore } from './campaigns.conformance.ts';
import { describeLibraries } from './libraries.conformance.ts';
import { describeRacing } from './racing.conformance.ts';
import { describeRanking } from './ranking.conformance.ts';
import { describeAccess, describeSubmitters } from './access.conformance.ts';
import { describeShares } from './shares.conformance.ts';
import { describeStore } from './store.conformance.ts';
import { describeRetention } from './retention.conformance.ts';
import { describeUpkeep } from './upkeep.conformance.ts';
import { describeSweeps } from './sweeps.conformance.ts';
import { describeViews } from './views.conformance.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { createStore } from '../../../src/store/store.ts';
import { createFakeAccess } from '../../support/server/fake-access.ts';
import { createFakeShares } from '../../support/server/fake-shares.ts';
import { databaseFolder } from '../../support/database-folder.ts';

const freshShares = async (sql: Sql) => {
  await sql.script('truncate kiln.share_links');
  return createStore(sql);
};
const freshAccess = async (sql: Sql) => {
  await sql.script(
    'truncate kiln.share_links; truncate kiln.tokens; truncate kiln.audit restart identity; truncate kiln.submitters',
  );
  return createStore(sql);
};
describeAccess('the fakes of the server tests', async () => ({ ...createFakeAccess(), ...createFakeShares() }));
describeShares('the fake of the server tests', async () => createFakeShares());

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
  describeStore('PGlite', () => database.sql);
  describeRanking('PGlite', () => database.sql);
  describeRacing('PGlite', () => database.sql);
  describeLibraries('PGlite', () => database.sql);
  describeCanaries('PGlite', () => database.sql);
  describeSteering('PGlite', () => database.sql);
  describeProfiles('PGlite', () => database.sql);
  describeCampaignStore('PGlite', () => database.sql);
  describeUpkeep('PGlite', () => database.sql);
  describeRetention('PGlite', () => database.sql);
  describeViews('PGlite', () => database.sql);
  describeSweeps('PGlite', () => database.sql);
  describeShares('PGlite', () => freshShares(database.sql));
  describeAccess('PGlite', () => freshAccess(database.sql));
  describeSubmitters('PGlite', () => freshAccess(database.sql));
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
  describeStore('Postgres', () => database.sql);
  describeRanking('Postgres', () => database.sql);
  describeRacing('Postgres', () => database.sql);
  describeLibraries('Postgres', () => database.sql);
  describeCanaries('Postgres', () => database.sql);
  describeSteering('Postgres', () => database.sql);
  describeProfiles('Postgres', () => database.sql);
  describeCampaignStore('Postgres', () => database.sql);
  describeUpkeep('Postgres', () => database.sql);
  describeRetention('Postgres', () => database.sql);
  describeViews('Postgres', () => database.sql);
  describeSweeps('Postgres', () => database.sql);
  describeShares('Postgres', () => freshShares(database.sql));
  describeAccess('Postgres', () => freshAccess(database.sql));
  describeSubmitters('Postgres', () => freshAccess(database.sql));
});
