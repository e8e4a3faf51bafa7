import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbedded } from '../../../src/store/pglite.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { databaseFolder } from '../../support/database-folder.ts';

/** As Postgres says it when the disk is full. */
const FULL = `do $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`;

let database: OpenDatabase;
const folder = databaseFolder();
beforeAll(async () => {
  database = await openEmbedded(folder);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['a statement', async () => database.sql.query(FULL)],
  ['a script', async () => database.sql.script(FULL)],
  ['a transaction', async () => database.sql.transaction(async (session) => session.query(FULL))],
])('%s that a full disk refuses may be tried again, and the error says what to do', async (_what, work) => {
  await expect(work()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: expect.stringMatching(
      /cannot write \(.*No space left on device\); make room on the disk of the data folder/,
    ) as string,
  });
  expect(await database.sql.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('other errors of a statement stay what they are', async () => {
  await expect(database.sql.query('select nothing')).rejects.toMatchObject({ code: '42703' });
});
