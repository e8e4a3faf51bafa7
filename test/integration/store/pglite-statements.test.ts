import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openEmbedded } from '../../../src/store/pglite.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { databaseFolder } from '../../support/database-folder.ts';

/** More than a plan is kept for. */
const RUNS = 20;

let database: OpenDatabase;
const folder = databaseFolder();
beforeAll(async () => {
  database = await openEmbedded(folder);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.sql.script('drop table if exists things; create table things (id text primary key, n integer not null)');
});

const PUT = 'insert into things (id, n) values ($1, $2)';
const preparedTexts = async (): Promise<readonly string[]> => {
  const rows = await database.sql.query<{ statement: string }>('select statement from pg_prepared_statements');
  return rows.map(({ statement }) => statement);
};

test('a statement answers the same however often it was run, whatever its types', async () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  const text = `select $1::text[] as names, $2::jsonb as json, $3::integer as whole, $4::double precision as part,
    $5::timestamptz as at, $6::boolean as truth, $7::text as nothing, decode($8, 'base64') as bytes`;
  const params = [['a', 'b "c"'], '{"d": [1, null]}', 7, 0.25, at.toISOString(), false, null, 'AAEC'];
  const row = {
    names: ['a', 'b "c"'],
    json: { d: [1, null] },
    whole: 7,
    part: 0.25,
    at,
    truth: false,
    nothing: null,
    bytes: Uint8Array.of(0, 1, 2),
  };
  for (let run = 0; run < RUNS; run += 1) expect(await database.sql.query(text, params)).toEqual([row]);
  const counted = 'select name from pg_tables_that_are_none where $1';
  for (let run = 0; run < 3; run += 1) await expect(database.sql.query(counted, [true])).rejects.toMatchObject({ code: '42P01' });
});

test('Postgres parses a statement once it is known, and lets go of those that fell out of use', async () => {
  const text = 'select n from things where id = $1';
  for (let run = 0; run < 3; run += 1) await database.sql.query(text, ['a']);
  expect((await preparedTexts()).filter((one) => one === text)).toHaveLength(1);
  for (let other = 0; other < 300; other += 1)
    for (let run = 0; run < 2; run += 1) await database.sql.query(`select ${other} as n, $1::text as id`, ['a']);
  const texts = await preparedTexts();
  expect(texts).not.toContain(text);
  // The last one that fell out is closed with the next that comes.
  expect(texts.length).toBeLessThanOrEqual(257);
});

test('a statement that failed takes nothing with it but its transaction, and works the next time', async () => {
  for (const id of ['a', 'b', 'c']) await database.sql.query(PUT, [id, 1]);
  const failing = database.sql.transaction(async (session) => {
    await session.query(PUT, ['d', 1]);
    await session.query(PUT, ['a', 2]);
  });
  await expect(failing).rejects.toMatchObject({ code: '23505' });
  await database.sql.query(PUT, ['d', 3]);
  expect(await database.sql.query('select id, n from things order by id')).toEqual([
    ...['a', 'b', 'c'].map((id) => ({ id, n: 1 })),
    { id: 'd', n: 3 },
  ]);
});

test('a statement by itself waits for a transaction that is open', async () => {
  for (const id of ['a', 'b']) await database.sql.query(PUT, [id, 1]);
  const order: string[] = [];
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const open = database.sql.transaction(async (session) => {
    begun.resolve();
    await goOn.promise;
    await session.query(PUT, ['c', 1]);
    order.push('in the transaction');
  });
  await begun.promise;
  const alone = database.sql.query(PUT, ['d', 1]).then(() => order.push('alone'));
  goOn.resolve();
  await Promise.all([open, alone]);
  expect(order).toEqual(['in the transaction', 'alone']);
});

test('a statement is prepared anew after some runs: the tables that its plan was made for have grown', async () => {
  const text = 'select count(*)::integer as n from things where id = any($1::text[])';
  const runsOf = async (): Promise<readonly number[]> => {
    const rows = await database.sql.query<{ runs: number }>(
      'select (generic_plans + custom_plans)::float8 as runs from pg_prepared_statements where statement = $1',
      [text],
    );
    return rows.map(({ runs }) => runs);
  };
  for (let run = 0; run < 17; run += 1) await database.sql.query(text, [['a']]);
  expect(await runsOf()).toEqual([16]);
  await database.sql.query(text, [['a']]);
  expect(await runsOf()).toEqual([1]);
});
