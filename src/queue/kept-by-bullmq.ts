/** What a Kiln of before kept of a queue in BullMQ's tables in Postgres (or PGlite). It is taken over by who has the store and the queue, not when tables are made: until then a daemon of that Kiln may work on it. */
import type { Inheritance, JobsSql } from './backend.ts';

export const createKeptByBullMQ = (sql: JobsSql, queue: string): Inheritance => ({
  owner: async () => {
    if (await isThere(sql)) await sql.query(TAKE_OWNER, [queue]);
  },
  jobs: async () => ((await isThere(sql)) ? moveJobs(sql, queue) : 0),
});

/** The schema may also be another application's. */
const isThere = async (sql: JobsSql): Promise<boolean> => {
  const [row] = await sql.query<{ isThere: boolean }>(`select to_regclass('bullmq.kiln_owner') is not null as "isThere"`);
  return row?.isThere === true;
};

const moveJobs = async (sql: JobsSql, queue: string): Promise<number> =>
  sql.transaction(async (session) => {
    if ((await session.query(TELL_OWNER, [queue])).length === 0) return 0;
    // Millions may wait.
    await session.query('set local statement_timeout = 0');
    const [moved] = await session.query<{ count: number }>(MOVE_JOBS, [queue]);
    await session.query('delete from bullmq.event where queue = $1', [queue]);
    return moved?.count ?? 0;
  });

const TAKE_OWNER = `
insert into kiln.queue_owners (queue, owner) select queue, owner from bullmq.kiln_owner where queue = $1
on conflict (queue) do nothing`;

// A daemon of that Kiln that comes back (it was suspended) finds who has taken over.
const TELL_OWNER = `
update bullmq.kiln_owner set owner = queue_owners.owner
from kiln.queue_owners where queue_owners.queue = $1 and kiln_owner.queue = $1
returning kiln_owner.queue`;

// A job that is there stays as it is.
const MOVE_JOBS = `
with gone as (
  delete from bullmq.job where queue = $1 returning id, priority, seq, added_at_ms, state::text as state, lock_token, locked_until_ms
), moved as (
  insert into kiln.jobs (queue, id, priority, place, added_at_ms, leased_by, leased_until_ms)
  select $1, id, priority, nextval('kiln.job_order'), added_at_ms,
    case when state = 'active' then lock_token end, case when state = 'active' then locked_until_ms end
  from (select * from gone where state in ('waiting', 'active') order by seq) as gone
  on conflict (queue, id) do nothing
  returning 1
)
select count(*)::integer as count from moved`;
