/**
 * BullMQ on Postgres (a server, or PGlite in this process). Stalled checks and lock renewal go through BullMQ's classes. Adding, taking,
 * ending and putting back jobs are statements over BullMQ's tables for many jobs: one commit instead of one a job, and no events that nobody reads. BullMQ's
 * version is locked in package.json, and the conformance suite runs these statements.
 */
import { DEFAULT_SCHEMA, Queue, Worker, createPostgresBackend, runMigrations } from 'bullmq';
import type { PgPool } from 'bullmq';
import { wallClockMs } from '../platform/clock.ts';
import type { CandidateId } from '../domain/ids.ts';
import { EVENTS_MAX, JOB_NAME, JOB_OPTIONS, PROMOTED, STALLED_COUNT_MAX } from './backend.ts';
import type { BackendOptions, LeasedJob, QueueBackend } from './backend.ts';
import { createPostgresOwner } from './postgres-owner.ts';

/** Of BullMQ's events, removed at once: putting back and reordering write some, and daemons of before wrote two a job. */
const EVENTS_TRIMMED_MAX = 5_000;

/** `pool` stays open: it belongs to who opened it. Its sessions must have BullMQ's schema on their search path. */
export const createPostgresQueueBackend = async (pool: PgPool, options: BackendOptions): Promise<QueueBackend> => {
  await migrate(pool);
  const { name, token, leaseMs, onError } = options;
  const streams = { events: { maxLen: EVENTS_MAX } };
  const queue = new Queue(name, { connection: pool, defaultJobOptions: JOB_OPTIONS, streams }, createPostgresBackend);
  const leasing = { autorun: false, lockDuration: leaseMs, stalledInterval: leaseMs, maxStalledCount: STALLED_COUNT_MAX };
  const worker = new Worker(name, null, { connection: pool, ...leasing }, createPostgresBackend);
  queue.on('error', onError);
  worker.on('error', onError);
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  return {
    ...bulkStatements(pool, options),
    owner: await createPostgresOwner(pool, name),
    count: async () => Promise.resolve(null),
    concerns: async () => Promise.resolve([]),
    extend: async (ids) => {
      await pool.query(TRIM_EVENTS, [name]);
      const lost = new Set(
        await worker.extendJobLocks(
          [...ids],
          Array.from(ids, () => token),
          leaseMs,
        ),
      );
      return ids.filter((id) => lost.has(id));
    },
    watchStalled: async () => {
      await worker.startStalledCheckTimer();
    },
    close: async () => {
      await worker.close(true);
      await queue.close();
    },
  };
};

const migrate = async (pool: PgPool): Promise<void> => {
  const client = await pool.connect();
  try {
    await runMigrations(client, DEFAULT_SCHEMA);
  } finally {
    client.release();
  }
};

type BulkStatements = Pick<
  QueueBackend,
  'add' | 'lease' | 'promote' | 'complete' | 'release' | 'remove' | 'adopt' | 'hasWaiting' | 'missing'
>;

const bulkStatements = (pool: PgPool, { name, token, leaseMs }: BackendOptions): BulkStatements => ({
  add: async (jobs) => {
    const ids = jobs.map(({ candidateId }) => candidateId);
    const priorities = jobs.map(({ priority }) => priority);
    await pool.query(ADD, [name, ids, priorities, JOB_NAME, JSON.stringify(JOB_OPTIONS), wallClockMs()]);
  },
  lease: async (count) => (await pool.query<JobRow>(LEASE, [name, token, leaseMs, wallClockMs(), count])).rows.map(leaseOf),
  promote: async (ids) => (await pool.query(PROMOTE, [name, ids])).rows.length,
  complete: async (ids) => {
    await pool.query(COMPLETE, [name, ids, token]);
  },
  release: async (ids) => {
    await pool.query(RELEASE, [name, ids, token, wallClockMs()]);
  },
  remove: async (ids) => {
    await pool.query(REMOVE, [name, ids]);
  },
  adopt: async () => (await pool.query<JobRow>(ADOPT, [name, token, wallClockMs(), leaseMs])).rows.map(leaseOf),
  missing: async (ids) => (await pool.query<{ id: CandidateId }>(MISSING, [name, ids])).rows.map(({ id }) => id),
  hasWaiting: async () => {
    const { rows } = await pool.query(`select 1 as one from job where queue = $1 and state = 'waiting' limit 1`, [name]);
    return rows.length > 0;
  },
});

interface JobRow {
  readonly id: CandidateId;
  readonly priority: number;
  readonly added_at_ms: string;
  readonly deferred_failure: string | null;
}

const leaseOf = (row: JobRow): LeasedJob => ({
  candidateId: row.id,
  priority: row.priority,
  queuedAtMs: Number(row.added_at_ms),
  deferredFailure: row.deferred_failure,
});

const MISSING = `
select given.id from unnest($2::text[]) with ordinality as given (id, position)
where not exists (select from job where queue = $1 and job.id = given.id)
order by position`;

// As BullMQ's own `add_jobs_bulk` for jobs without parents, delays and deduplication, without its events. A job that is there stays as it is.
const ADD = `
insert into job (queue, id, seq, name, state, opts, priority, max_attempts, added_at_ms)
select $1, id, nextval('job_seq'), $4, 'waiting', $5::jsonb, priority, ${JOB_OPTIONS.attempts}, $6::bigint
from (select * from unnest($2::text[], $3::integer[]) with ordinality as given (id, priority, position) order by position) as given
on conflict (queue, id) do nothing`;

// As BullMQ's own `move_to_active`, for many at once and without what Kiln does not use (delayed jobs, limits, events). A paused queue gives nothing.
const LEASE = `
with next as (
  select id from job
  where queue = $1 and state = 'waiting'
    and not exists (select from meta where meta.queue = $1 and field = 'paused' and value = '1')
  order by priority, seq limit $5::integer
  for update skip locked
), taken as (
  update job
  set state = 'active', lock_token = $2, locked_until_ms = $4::bigint + $3::bigint, processed_at_ms = $4::bigint,
    attempts_started = attempts_started + 1
  from next where job.queue = $1 and job.id = next.id
  returning job.id, job.priority, job.seq, job.added_at_ms, job.deferred_failure
)
select id, priority, added_at_ms, deferred_failure from taken order by priority, seq`;

// `offset 0`: one look at the primary key for each, whatever the planner thinks of how many wait.
const PROMOTE = `
select change_priority($1, id, ${PROMOTED}, false)
from (
  select waiting.id from unnest($2::text[]) with ordinality as given (id, position)
  cross join lateral (select id from job where queue = $1 and job.id = given.id and state = 'waiting' offset 0) as waiting
  order by position
) as ours`;

const TRIM_EVENTS = `
delete from event where queue = $1
  and id <= least((select max(id) from event where queue = $1) - ${EVENTS_MAX}, (select min(id) from event where queue = $1) + ${EVENTS_TRIMMED_MAX})`;

// What `move_to_completed` comes to with `removeOnComplete`, for jobs without parents, children or deduplication.
const COMPLETE = `
delete from job where queue = $1 and id = any($2::text[]) and state = 'active' and lock_token = $3`;

const REMOVE = `delete from job where queue = $1 and id = any($2::text[]) and state = 'waiting'`;

// Put back last to first: each goes before all others of its priority.
const RELEASE = `
select move_active_to_wait($1, id, $3, $4::bigint)
from (
  select job.id from unnest($2::text[]) with ordinality as given (id, position) join job on job.id = given.id
  where job.queue = $1 and job.state = 'active' and job.lock_token = $3 order by position desc
) as ours`;

const ADOPT = `
update job set lock_token = $2, locked_until_ms = $3::bigint + $4::bigint, stalled_marked = false
where queue = $1 and state = 'active' and (lock_token = $2 or coalesce(locked_until_ms, 0) < $3::bigint)
returning id, priority, added_at_ms, deferred_failure`;
