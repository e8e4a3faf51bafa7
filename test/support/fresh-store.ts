import { onTestFinished } from 'vitest';
import type { Sql } from '../../src/store/sql.ts';
import { createStore, type SqlStore } from '../../src/store/store.ts';

const TABLES = [
  'candidates',
  'sources',
  'attempts',
  'journal',
  'sweeps',
  'sweep_points',
  'records',
  'profiles',
  'backlog',
  'failed_pairs',
]
  .map((table) => `kiln.${table}`)
  .join(', ');
export const START = Date.parse('2026-01-01T00:00:00.000Z');

/** A store over empty tables, and the clock that it reads. Closed when the test ends. */
export const freshStore = async (sql: Sql): Promise<{ readonly store: SqlStore; readonly clock: { now: number } }> => {
  await sql.script(`truncate ${TABLES} restart identity`);
  const clock = { now: START };
  const store: SqlStore = createStore(sql, { now: () => clock.now });
  onTestFinished(async () => store.close());
  return { store, clock };
};
