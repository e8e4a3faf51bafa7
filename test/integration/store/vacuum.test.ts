import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openEmbedded } from '../../../src/store/pglite.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { startVacuuming, vacuumWorn } from '../../../src/store/vacuum.ts';
import { databaseFolder } from '../../support/database-folder.ts';
import { HANG_MS } from '../../support/limits.ts';

const ROWS = 2000;

let database: OpenDatabase;
const folder = databaseFolder();
beforeAll(async () => {
  // It would vacuum by itself every minute, also between what a test wears out and what it vacuums.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  database = await openEmbedded(folder);
  vi.useRealTimers();
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.sql.script('create table worn (n int primary key, text text); create table fresh (n int primary key)');
});
afterEach(async () => {
  await database.sql.script('drop table worn; drop table fresh');
});

const wear = async (): Promise<void> => {
  await database.sql.query(`insert into worn select n, repeat('x', 200) from generate_series(1, $1::integer) as n`, [ROWS]);
  await database.sql.query('delete from worn where n <= $1::integer', [ROWS]);
  // Otherwise the counts are up to a second late.
  await database.sql.query('select pg_stat_force_next_flush()');
};

const sizeOf = async (relation: string): Promise<number> => {
  const [row] = await database.sql.query<{ size: number }>('select pg_relation_size($1::regclass)::float8 as size', [relation]);
  return row?.size ?? NaN;
};

test('tables and indexes whose rows come and go stay as large as they are at once, and others are left alone', async () => {
  await database.sql.query('insert into fresh select generate_series(1, $1::integer)', [ROWS]);
  await wear();
  const full = await sizeOf('worn_pkey');
  expect(await vacuumWorn(database.sql)).toContain('public.worn');
  expect(await sizeOf('worn')).toBe(0);
  for (let round = 0; round < 4; round += 1) {
    await wear();
    const names = await vacuumWorn(database.sql);
    expect(names).toContain('public.worn');
    // Analyzed once, by the first round.
    expect(names).not.toContain('public.fresh');
  }
  expect(await sizeOf('worn_pkey')).toBeLessThanOrEqual(2 * full);
});

test('what was vacuumed is not vacuumed again', async () => {
  await wear();
  expect(await vacuumWorn(database.sql)).toContain('public.worn');
  expect(await vacuumWorn(database.sql)).not.toContain('public.worn');
});

test('it happens by itself every minute, tells of trouble, goes on after it, and ends', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const reported: unknown[] = [];
    let asked = 0;
    const session = {
      query: async () => {
        asked += 1;
        return asked === 1 ? Promise.reject(new Error('disk full')) : Promise.resolve([]);
      },
      script: async () => Promise.resolve(),
    };
    const vacuuming = startVacuuming(session, (error) => reported.push(error));
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(() => expect(reported).toMatchObject([{ message: 'disk full' }]), { timeout: HANG_MS });
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(() => expect(asked).toBe(2), { timeout: HANG_MS });
    await vacuuming.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([asked, reported.length]).toEqual([2, 1]);
  } finally {
    vi.useRealTimers();
  }
});
