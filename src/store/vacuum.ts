/**
 * What autovacuum does on a Postgres server, which the embedded database is without: rows that were changed or removed would stay in tables
 * and indexes for ever, and each look into the queue would walk over all that ever was in it.
 */
import type { SqlSession } from './sql.ts';

const EVERY_MS = 60_000;

export interface Vacuuming {
  /** Idempotent; ends after the table at hand. */
  stop(): Promise<void>;
}

/** Once a minute. An error goes to `onTrouble`, and the next minute tries again. */
export const startVacuuming = (session: SqlSession, onTrouble: (error: unknown) => void): Vacuuming => {
  let isStopped = false;
  let running = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      await vacuumWorn(session, () => isStopped);
    } catch (error) {
      onTrouble(error);
    }
  };
  const timer = setInterval(() => {
    running = running.then(run);
  }, EVERY_MS).unref();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
};

/** Vacuums the tables that autovacuum would by its defaults, one statement each, so that others have their turn between. Returns their names. */
export const vacuumWorn = async (session: SqlSession, isStopped = (): boolean => false): Promise<readonly string[]> => {
  const worn = await session.query<{ name: string }>(WORN);
  const done: string[] = [];
  for (const { name } of worn) {
    if (isStopped()) break;
    await session.script(`vacuum ${name}`);
    done.push(name);
  }
  return done;
};

const WORN = `
select format('%I.%I', schemaname, relname) as name
from pg_stat_all_tables
where n_dead_tup > 50 + 0.2 * n_live_tup
order by n_dead_tup desc`;
