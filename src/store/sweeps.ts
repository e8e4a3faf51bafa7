/** Sweeps and their points: what was asked for, how far it is, and which candidates came of it. */
import type { z } from 'zod';
import type { SubmitCandidate } from '../domain/api/candidates.ts';
import type { CandidateId, SweepId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type {
  AskedPoint,
  LinkedPoint,
  NewSweep,
  SweepChange,
  SweepPage,
  SweepVerdict,
  ReportedPoint,
  TrailPoint,
} from '../domain/ports/sweeps.ts';
import type { SweepRow } from '../domain/sweep/sweep.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Idempotent by id. */
export const insertSweep = async (sql: Sql, sweep: NewSweep, at: string): Promise<void> =>
  writing(sql, async (session) => {
    const { id, spec, candidate } = sweep;
    const { problem, device, submitter } = candidate;
    const inserted = await session.query<{ id: SweepId }>(INSERT_SWEEP, [
      id,
      problem,
      device,
      submitter,
      toJson(spec),
      toJson(candidate),
      at,
    ]);
    if (inserted.length > 0) await append(session, [createdEvent(sweep)], at);
  });

const INSERT_SWEEP = `
insert into kiln.sweeps (id, problem, device, submitter, spec, candidate, status, created_at)
values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, 'running', $7::timestamptz)
on conflict (id) do nothing
returning id`;

const createdEvent = ({ id, spec, candidate: { problem, device, submitter } }: NewSweep): NewJournalEvent =>
  eventOf('sweep.created', { sweepId: id, name: spec.name, problem, device, submitter, strategy: spec.strategy });

const eventOf = (type: NewJournalEvent['type'], data: Record<string, unknown>): NewJournalEvent => ({
  type,
  candidateId: null,
  hostId: null,
  data,
});

/** With an event where the status changes. A sweep that is not there is left alone. */
export const updateSweep = async (
  sql: Sql,
  { id, change }: { readonly id: SweepId; readonly change: SweepChange },
  at: string,
): Promise<void> =>
  writing(sql, async (session) => {
    const [before] = await session.query<{ status: string }>('select status from kiln.sweeps where id = $1', [id]);
    if (!before) return;
    const { status = null, reason, ranMs = null, spec } = change;
    const given = { isReason: reason !== undefined, reason: reason ?? null };
    await session.query(UPDATE_SWEEP, [id, status, given.isReason, given.reason, ranMs, spec ? toJson(spec) : null]);
    if (status !== null && before.status !== status)
      await append(session, [eventOf('sweep.changed', { sweepId: id, status, reason: given.reason })], at);
  });

const UPDATE_SWEEP = `
update kiln.sweeps set status = coalesce($2, status), reason = case when $3::boolean then $4 else reason end,
  ran_ms = coalesce($5::double precision, ran_ms), spec = coalesce($6::jsonb, spec)
where id = $1`;

/** A time of less than nothing was written by daemons of before. */
const ROW = `select id, problem, device, submitter, created_at as "createdAt", spec, status, reason, greatest(ran_ms, 0) as "ranMs" from kiln.sweeps`;

type Row = Omit<SweepRow, 'createdAt'> & { readonly createdAt: Date };
const rowOf = (row: Row): SweepRow => ({ ...row, createdAt: row.createdAt.toISOString() });

export const readSweepRow = async (sql: SqlSession, id: SweepId): Promise<SweepRow | null> => {
  const [row] = await sql.query<Row>(`${ROW} where id = $1`, [id]);
  return row ? rowOf(row) : null;
};

export const readOpenSweeps = async (sql: SqlSession): Promise<readonly SweepRow[]> =>
  (await sql.query<Row>(`${ROW} where status in ('running', 'paused') order by created_at, id`)).map(rowOf);

export const readCancelledWithWork = async (sql: SqlSession): Promise<readonly SweepId[]> =>
  (
    await sql.query<{ id: SweepId }>(
      `select distinct sweeps.id from kiln.candidates join kiln.sweeps on sweeps.id = candidates.sweep_id
       where candidates.verdict is null and sweeps.status = 'cancelled' order by sweeps.id`,
    )
  ).map((row) => row.id);

export const readLastSweeps = async (sql: SqlSession, limit: number): Promise<readonly SweepRow[]> =>
  (await sql.query<Row>(`${ROW} order by created_at desc, id limit $1::integer`, [limit])).map(rowOf);

export const readSweepCandidate = async (sql: SqlSession, id: SweepId): Promise<z.output<typeof SubmitCandidate> | null> => {
  const [row] = await sql.query<{ candidate: z.output<typeof SubmitCandidate> | null }>(
    'select candidate from kiln.sweeps where id = $1',
    [id],
  );
  return row?.candidate ?? null;
};

export const insertAskedPoints = async (sql: SqlSession, id: SweepId, asked: readonly AskedPoint[]): Promise<void> => {
  if (asked.length > 0) await sql.query(ASK, [id, toJson(asked)]);
};

const ASK = `
insert into kiln.sweep_points (sweep_id, number, point)
select $1, number, point from jsonb_to_recordset($2::jsonb) as asked (number integer, point bigint)
on conflict (sweep_id, number) do nothing`;

export const linkPoints = async (sql: SqlSession, id: SweepId, linked: readonly LinkedPoint[]): Promise<void> => {
  if (linked.length > 0) await sql.query(LINK, [id, toJson(linked)]);
};

const LINK = `
update kiln.sweep_points set candidate_id = linked."candidateId"
from jsonb_to_recordset($2::jsonb) as linked (number integer, "candidateId" text)
where sweep_id = $1 and sweep_points.number = linked.number`;

export const reportPoints = async (sql: SqlSession, id: SweepId, reported: readonly ReportedPoint[]): Promise<void> => {
  if (reported.length > 0) await sql.query(REPORT, [id, toJson(reported)]);
};

const REPORT = `
update kiln.sweep_points set reported = verdict.reported, device_ms = verdict."deviceMs"
from jsonb_to_recordset($2::jsonb) as verdict (number integer, reported integer, "deviceMs" double precision)
where sweep_id = $1 and sweep_points.number = verdict.number`;

export const readTrail = async (sql: SqlSession, id: SweepId, { after, limit }: SweepPage): Promise<readonly TrailPoint[]> =>
  sql.query<TrailPoint>(TRAIL, [id, after, limit]);

const TRAIL = `
select number, coalesce(point, 0)::float8 as point, candidate_id as "candidateId", reported, device_ms as "deviceMs", verdict,
  rank_key as speedup
from kiln.sweep_points left join kiln.candidates on candidates.id = candidate_id
where sweep_points.sweep_id = $1 and number > $2::integer order by number limit $3::integer`;

export const readVerdicts = async (
  sql: SqlSession,
  id: SweepId,
  candidateIds: readonly CandidateId[],
): Promise<readonly SweepVerdict[]> => (candidateIds.length === 0 ? [] : sql.query<SweepVerdict>(VERDICTS, [id, candidateIds]));

/** Device time counts for whoever submitted it first. */
const VERDICTS = `
select candidates.id as "candidateId", candidates.verdict, rank_key as speedup, case when sweep_id = $1 then coalesce((
  select sum(coalesce((phases ->> 'totalMs')::double precision, 0)) from kiln.attempts where attempts.candidate_id = candidates.id
), 0) else 0 end as "deviceMs"
from kiln.candidates where candidates.id = any($2::text[]) and candidates.verdict is not null`;

export const readUnfinished = async (sql: SqlSession, id: SweepId): Promise<readonly CandidateId[]> =>
  (
    await sql.query<{ id: CandidateId }>(
      `select candidates.id from kiln.sweep_points join kiln.candidates on candidates.id = candidate_id
       where sweep_points.sweep_id = $1 and candidates.sweep_id = $1 and verdict is null order by number`,
      [id],
    )
  ).map((row) => row.id);
