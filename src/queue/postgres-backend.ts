/**
 * The queue in Postgres (a server, or PGlite in this process): one row of `kiln.jobs` a job, and one statement for many of them. A job waits while nobody has
 * leased it; who ends it removes it. The conformance suite runs every statement.
 */
import { wallClockMs } from '../platform/clock.ts';
import type { CandidateId } from '../domain/ids.ts';
import { PROMOTED } from './backend.ts';
import type { BackendOptions, JobsSql, LeasedJob, QueueBackend } from './backend.ts';
import { createKeptByBullMQ } from './kept-by-bullmq.ts';
import { createPostgresOwner } from './postgres-owner.ts';

/** `sql` stays open: it belongs to who opened it. Its database has the store's tables. */
export const createPostgresQueueBackend = (sql: JobsSql, { name, token, leaseMs, onError }: BackendOptions): QueueBackend => {
  const idsOf = async (text: string, params: readonly unknown[]): Promise<readonly CandidateId[]> =>
    (await sql.query<{ id: CandidateId }>(text, [name, ...params])).map(({ id }) => id);
  const leasesOf = async (text: string, params: readonly unknown[]): Promise<readonly LeasedJob[]> =>
    (await sql.query<JobRow>(text, [name, ...params])).map((row) => ({ ...row, deferredFailure: null }));
  const late = watchLate(sql, { name, leaseMs, onError });
  return {
    add: async (jobs) => {
      const ids = jobs.map(({ candidateId }) => candidateId);
      const priorities = jobs.map(({ priority }) => priority);
      await sql.query(ADD, [name, ids, priorities, wallClockMs()]);
    },
    lease: async (count) => leasesOf(LEASE, [token, wallClockMs() + leaseMs, count]),
    promote: async (ids) => (await idsOf(PROMOTE, [ids])).length,
    complete: async (ids) => void (await sql.query(COMPLETE, [name, ids, token])),
    release: async (ids) => void (await sql.query(RELEASE, [name, ids, token])),
    remove: async (ids) => void (await sql.query(REMOVE, [name, ids])),
    adopt: async () => {
      const nowMs = wallClockMs();
      return leasesOf(ADOPT, [token, nowMs, nowMs + leaseMs]);
    },
    extend: async (ids) => {
      const kept = new Set(await idsOf(EXTEND, [ids, token, wallClockMs() + leaseMs]));
      return ids.filter((id) => !kept.has(id));
    },
    missing: async (ids) => idsOf(MISSING, [ids]),
    hasWaiting: async () => (await idsOf(FIRST, [])).length > 0,
    count: async () => Promise.resolve(null),
    concerns: async () => Promise.resolve([]),
    owner: createPostgresOwner(sql, name),
    inheritance: createKeptByBullMQ(sql, name),
    watchStalled: late.start,
    close: late.stop,
  };
};

/** The statement that ends jobs with whatever else its transaction writes; ending them again is free then. `token`: of their leases. */
export const endingJobs =
  (name: string, token: string) =>
  (ids: readonly CandidateId[]): { readonly text: string; readonly params: readonly unknown[] } => ({
    text: COMPLETE,
    params: [name, ids, token],
  });

const LOOKS_PER_LEASE = 2;

/** Puts back, at the start and every half of the lease time, what was late already at the look before: a lease ends one and a half to two lease times after its last renewal. */
const watchLate = (
  sql: JobsSql,
  { name, leaseMs, onError }: Pick<BackendOptions, 'name' | 'leaseMs' | 'onError'>,
): { readonly start: () => Promise<void>; readonly stop: () => Promise<void> } => {
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<unknown> = Promise.resolve();
  const look = async (): Promise<void> => {
    await sql.query(PUT_LATE_BACK, [name, wallClockMs()]);
    await sql.query(MARK_LATE, [name, wallClockMs()]);
  };
  return {
    start: async () => {
      timer ??= setInterval(() => {
        looking = look().catch(onError);
      }, leaseMs / LOOKS_PER_LEASE).unref();
      await look();
    },
    stop: async () => {
      if (timer) clearInterval(timer);
      await looking;
    },
  };
};

type JobRow = Pick<LeasedJob, 'candidateId' | 'priority' | 'queuedAtMs'>;

const JOB = `id as "candidateId", priority, added_at_ms::float8 as "queuedAtMs"`;

// A job that is there stays as it is.
const ADD = `
insert into kiln.jobs (queue, id, priority, place, added_at_ms)
select $1, id, priority, nextval('kiln.job_order'), $4::bigint
from (select id, priority from unnest($2::text[], $3::integer[]) with ordinality as given (id, priority, position) order by position) as given
on conflict (queue, id) do nothing`;

// A lease need not reach the disk: who finds none takes it again, or adopts it. The commit of whatever comes next writes it too.
const LEASE = `
with next as (
  select ctid from kiln.jobs where queue = $1 and leased_by is null order by priority, place limit $4::integer for update skip locked
), taken as (
  update kiln.jobs set leased_by = $2, leased_until_ms = $3::bigint
  from next where jobs.ctid = next.ctid and (select set_config('synchronous_commit', 'off', true)) = 'off'
  returning jobs.*
)
select ${JOB} from taken order by priority, place`;

// `offset 0`: one look at the primary key for each, whatever the planner thinks of how many wait.
const PROMOTE = `
with given as (
  select waiting.id, nextval('kiln.job_order') as place
  from (select * from unnest($2::text[]) with ordinality as given (id, position) order by position) as given
  cross join lateral (select id from kiln.jobs where queue = $1 and jobs.id = given.id and leased_by is null offset 0) as waiting
)
update kiln.jobs set priority = ${PROMOTED}, place = given.place
from given where jobs.queue = $1 and jobs.id = given.id and leased_by is null
returning jobs.id`;

const COMPLETE = `delete from kiln.jobs where queue = $1 and id = any($2::text[]) and leased_by = $3`;

const REMOVE = `delete from kiln.jobs where queue = $1 and id = any($2::text[]) and leased_by is null`;

// Put back last to first: each goes before all others of its priority.
const RELEASE = `
with given as (
  select id, -nextval('kiln.job_order') as place
  from (select * from unnest($2::text[]) with ordinality as given (id, position) order by position desc) as given
)
update kiln.jobs set leased_by = null, leased_until_ms = null, is_late = false, place = given.place
from given where jobs.queue = $1 and jobs.id = given.id and leased_by = $3`;

const ADOPT = `
update kiln.jobs set leased_by = $2, leased_until_ms = $4::bigint, is_late = false
where queue = $1 and leased_by is not null and (leased_by = $2 or leased_until_ms < $3::bigint)
returning ${JOB}`;

const EXTEND = `
update kiln.jobs set leased_until_ms = $4::bigint, is_late = false
where queue = $1 and id = any($2::text[]) and leased_by = $3
returning id`;

const PUT_LATE_BACK = `
update kiln.jobs set leased_by = null, leased_until_ms = null, is_late = false
where queue = $1 and leased_by is not null and is_late and leased_until_ms < $2::bigint`;

const MARK_LATE = `
update kiln.jobs set is_late = true
where queue = $1 and leased_by is not null and not is_late and leased_until_ms < $2::bigint`;

const MISSING = `
select given.id from unnest($2::text[]) with ordinality as given (id, position)
where not exists (select from kiln.jobs where queue = $1 and jobs.id = given.id)
order by position`;

const FIRST = `select id from kiln.jobs where queue = $1 and leased_by is null order by priority, place limit 1`;
