import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import { HANG_MS } from '../../support/limits.ts';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../../support/servers.ts';
import type { PostgresServer } from '../../support/servers.ts';

describe.skipIf(!hasPostgres)(`what Postgres is blamed for${POSTGRES_MISSING}`, () => {
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

  test('is not what a transaction’s own work throws: that comes as it is, and nothing is written', async () => {
    await database.sql.script('create table own (value integer)');
    for (const own of [new TypeError('undefined is not a function'), new Error('the row has no score')]) {
      const work = database.sql.transaction(async (session) => {
        await session.query('insert into own values (1)');
        throw own;
      });
      await expect(work.catch((error: unknown) => error)).resolves.toBe(own);
    }
    expect(await database.sql.query('select * from own')).toEqual([]);
  });

  test('is not a statement that is wrong, nor a parameter that cannot be sent', async () => {
    const { sql } = database;
    for (const run of [
      async () => sql.query('select * from nowhere'),
      async () => sql.transaction(async (session) => session.query('select * from nowhere')),
      async () => sql.transaction(async () => {}, ['select * from nowhere']),
    ])
      await expect(run()).rejects.toMatchObject({ code: '42P01' });
    await expect(sql.query('select $1::jsonb', [{ count: 1n }])).rejects.toBeInstanceOf(TypeError);
  });

  test('is that it cut a transaction in which nothing was asked for too long', async () => {
    const told = database.sql.query(`do $$ begin raise exception 'idle for too long' using errcode = '25P03'; end $$`);
    await expect(told).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    const cut = database.sql.transaction(async (session) => {
      const [backend] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
      await session.script('set local idle_in_transaction_session_timeout = 1');
      const isThere = async () =>
        (await database.sql.query('select 1 from pg_stat_activity where pid = $1', [backend?.pid])).length;
      await expect.poll(isThere).toBe(0);
      await session.query('select 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  test('is that it refuses for now, told apart from not being reached', async () => {
    const stopped = database.sql.query(`do $$ begin raise exception 'no room left' using errcode = '53100'; end $$`);
    await expect(stopped).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('Postgres does not serve now (no room left)') as string,
    });
    await server.stop();
    const away = database.sql.transaction(async (session) => session.query('select 1'));
    await expect(away).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('cannot be reached') as string,
    });
  });
});
