/** Candidates that are found by what they have in common, and what people do to them. Each change is one transaction with its events. */
import { campaignSubmitter } from '../domain/campaign/campaign.ts';
import type { CandidateId } from '../domain/ids.ts';
import type { PausedRow, SelectedCandidate, SelectionPage } from '../domain/ports/store-rows.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { countIn, countOut } from './backlog.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Selection } from './reading.ts';
import type { Sql, SqlSession } from './sql.ts';

/** In submission order, from after `after`. */
export const readSelected = async (
  sql: SqlSession,
  { select, isDone, after, limit }: SelectionPage,
): Promise<readonly SelectedCandidate[]> => {
  const { where, params } = conditionsOf(select);
  const done = isDone ? 'verdict is not null' : 'verdict is null';
  return sql.query<SelectedCandidate>(
    `select submit_order::text as "order", id, problem, problem_version as "problemVersion", device, submitter, priority, status, verdict,
       paused is not null as "isPaused", content #> '{program,environmentKey}' = 'null'::jsonb as "lacksEnvironment"
     from kiln.candidates where ${done} and ${where} and submit_order > $1::bigint order by submit_order limit ${Math.trunc(limit)}`,
    [after ?? '0', ...params],
  );
};

/** $1 is taken. */
const conditionsOf = (select: SelectionPage['select']): Selection => {
  const params: unknown[] = [];
  const when = (value: unknown, condition: (bound: string) => string): readonly string[] =>
    value === undefined ? [] : [condition(`$${params.push(value) + 1}`)];
  const conditions = [
    ...when(select.ids, (bound) => `id = any(${bound}::text[])`),
    ...when(select.sweep, (bound) => `id in (select candidate_id from kiln.sweep_points where sweep_id = ${bound})`),
    ...when(select.campaign && campaignSubmitter(select.campaign), (bound) => `submitter = ${bound}`),
    ...when(select.submitter, (bound) => `submitter = ${bound}`),
    ...when(select.problem, (bound) => `problem = ${bound}`),
    ...when(select.device, (bound) => `lower(device) = lower(${bound})`),
    ...when(select.status, (bound) => `status = ${bound}`),
    ...when(select.verdict, (bound) => `verdict = ${bound}`),
    'true',
  ];
  return { where: conditions.join(' and '), params };
};

interface Owned {
  readonly id: CandidateId;
  readonly device: string;
  readonly submitter: string;
}

type EventType = Extract<NewJournalEvent['type'], 'candidate.paused' | 'candidate.resumed' | 'candidate.reprioritised'>;

const eventsOf = (type: EventType, rows: readonly Owned[], data: Record<string, unknown>): readonly NewJournalEvent[] =>
  rows.map(({ id }) => ({ type, candidateId: id, hostId: null, data }));

/** Returns those that were not paused before, and are not done. */
export const pause = async (
  sql: Sql,
  ids: readonly CandidateId[],
  { reason, at }: { readonly reason: string | null; readonly at: string },
): Promise<readonly CandidateId[]> =>
  writing(sql, async (session) => {
    const rows = await session.query<Owned>(PAUSE, [ids, toJson({ at, reason }), at]);
    await countOut(session, rows);
    await append(session, eventsOf('candidate.paused', rows, { reason }), at);
    return rows.map(({ id }) => id);
  });

const PAUSE = `
update kiln.candidates set paused = $2::jsonb, updated_at = $3::timestamptz
where id = any($1::text[]) and verdict is null and paused is null
returning id, device, submitter`;

/** Returns those that were paused. */
export const unpause = async (
  sql: Sql,
  ids: readonly CandidateId[],
  { reason, at }: { readonly reason: string | null; readonly at: string },
): Promise<readonly CandidateId[]> =>
  writing(sql, async (session) => {
    const rows = await session.query<Owned>(UNPAUSE, [ids, at]);
    await countIn(session, rows);
    await append(session, eventsOf('candidate.resumed', rows, { reason }), at);
    return rows.map(({ id }) => id);
  });

const UNPAUSE = `
update kiln.candidates set paused = null, updated_at = $2::timestamptz
where id = any($1::text[]) and paused is not null
returning id, device, submitter`;

/** Returns those that had another priority, and are not done. */
export const reprioritise = async (
  sql: Sql,
  ids: readonly CandidateId[],
  { priority, reason, at }: { readonly priority: number; readonly reason: string | null; readonly at: string },
): Promise<readonly CandidateId[]> =>
  writing(sql, async (session) => {
    const rows = await session.query<Owned>(REPRIORITISE, [ids, priority, at]);
    await append(session, eventsOf('candidate.reprioritised', rows, { priority, reason }), at);
    return rows.map(({ id }) => id);
  });

const REPRIORITISE = `
update kiln.candidates set priority = $2::integer, updated_at = $3::timestamptz
where id = any($1::text[]) and verdict is null and priority <> $2::integer
returning id, device, submitter`;

/** How many are paused, by class and submitter. */
export const readPaused = async (sql: SqlSession): Promise<readonly PausedRow[]> =>
  sql.query<PausedRow>(
    `select device, submitter, count(*)::float8 as count from kiln.candidates where paused is not null group by device, submitter`,
  );

/** Of its class, how many that are not done come before it by priority and submission; at most `limit`. */
export const countBefore = async (sql: SqlSession, id: CandidateId, limit: number): Promise<number> => {
  const [row] = await sql.query<{ count: number }>(BEFORE, [id, limit]);
  return row?.count ?? 0;
};

const BEFORE = `
select count(*)::float8 as count from (
  select from kiln.candidates as other, (select device, priority, submit_order from kiln.candidates where id = $1) as own
  where other.verdict is null and other.paused is null and other.device = own.device
    and (other.priority, other.submit_order) < (own.priority, own.submit_order)
  limit $2::integer
) as before`;
