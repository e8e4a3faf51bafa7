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

/** Vacuums and analyzes the tables that autovacuum would by its defaults, one statement each, so that others have their turn between. Returns their names. */
export const vacuumWorn = async (session: SqlSession, isStopped = (): boolean => false): Promise<readonly string[]> => {
  const worn = await session.query<{ name: string; how: string }>(WORN);
  const done: string[] = [];
  for (const { name, how } of worn) {
    if (isStopped()) break;
    await session.script(`${how} ${name}`);
    done.push(name);
  }
  return done;
};

/** What only grew is analyzed alone: without figures of a table the planner takes ways that get slower with each row. */
const WORN = `
select format('%I.%I', schemaname, relname) as name, case when is_worn then 'vacuum (analyze)' else 'analyze' end as how
from (
  select *, n_dead_tup > 50 + 0.2 * n_live_tup as is_worn, n_mod_since_analyze > 50 + 0.1 * n_live_tup as is_new
  from pg_stat_all_tables where schemaname !~ '^pg_(toast|temp)'
) as tables
where is_worn or is_new
order by n_dead_tup desc`;
