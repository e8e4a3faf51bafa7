import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { HANG_MS } from '../../support/limits.ts';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../../support/servers.ts';
import type { PostgresServer } from '../../support/servers.ts';

describe.skipIf(!hasPostgres)(`connections that Postgres closes${POSTGRES_MISSING}`, () => {
  let server: PostgresServer;
  let database: OpenDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openPostgres(server.url, { connectLimitMs: HANG_MS });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  // Without a listener on it, such a connection ends the process.
  test('cost the transaction that was open on one its work, and nothing else', async () => {
    const cut = database.sql.transaction(async (session) => {
      const [own] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.sql.query('select pg_terminate_backend($1)', [own?.pid]);
      await expect.poll(async () => database.sql.query('select 1 from pg_stat_activity where pid = $1', [own?.pid])).toEqual([]);
      // Nothing is asked of the connection meanwhile: what it has to say comes as an event.
      await new Promise((resolve) => setImmediate(resolve));
      return session.query('select 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await database.sql.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('are replaced after a restart of the server, also one that was held when it ended', async () => {
    const [begun, restarted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const held = database.sql.transaction(async (session) => {
      await session.query('select 1');
      begun.resolve();
      await restarted.promise;
    });
    await begun.promise;
    await server.restart('SIGQUIT');
    await expect
      .poll(async () =>
        database.sql.query('select 1 as one').then(
          ([row]) => row,
          () => 'away',
        ),
      )
      .toEqual({ one: 1 });
    restarted.resolve();
    await expect(held).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
