/** What racing reads and takes back: the front of a ranking, and candidates that were stopped early. */
import type { CandidateId } from '../domain/ids.ts';
import type { CaseTiming, Stopped } from '../domain/measurement.ts';
import type { FrontEntry } from '../domain/ranking/front.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { FrontKey, Resumed } from '../domain/ports/store.ts';
import { countIn } from './backlog.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Candidates in one transaction. */
const PAGE_MAX = 1000;

/** The first places of what was timed to the end, best first. */
export const readFront = async (sql: SqlSession, key: FrontKey, places: number): Promise<readonly FrontEntry[]> => {
  const rows = await sql.query<FrontRow>(FRONT, [key.problem, key.problemVersion, key.deviceModel, places]);
  return rows.map(({ timings, ...entry }) => ({
    ...entry,
    caseNs: Object.fromEntries(timings.map((timing) => [timing.case, timing.candidate.medianNs])),
  }));
};

interface FrontRow extends Omit<FrontEntry, 'caseNs'> {
  readonly timings: readonly CaseTiming[];
}

const FRONT = `
select id as "candidateId", rank_key as "rankKey", (score ->> 'timeNs')::double precision as "timeNs", state #> '{outcome,timings}' as timings
from kiln.candidates
where problem = $1 and problem_version = $2 and device_model = $3 and rank_key is not null and trial = 0 and score -> 'stopped' is null
  and score -> 'answers' is null
order by rank_key desc, submit_order limit $4::integer`;

export const readWithStopped = async (sql: SqlSession, keys: readonly FrontKey[]): Promise<readonly FrontKey[]> =>
  keys.length === 0 ? [] : sql.query<FrontKey>(WITH_STOPPED, [toJson(keys)]);

const WITH_STOPPED = `
select ranking.* from jsonb_to_recordset($1::jsonb) as ranking (problem text, "problemVersion" text, "deviceModel" text)
where exists (
  select 1 from kiln.submissions
  where problem = ranking.problem and problem_version = ranking."problemVersion" and device_model = ranking."deviceModel"
    and status = 'done' and score -> 'stopped' is not null
)`;

interface ReopenedRow {
  readonly id: CandidateId;
  readonly priority: number;
  readonly device: string;
  readonly submitter: string;
  readonly problem: string;
}

/** From now on they are timed to the end. Those that were stopped early are queued again, and returned. */
export const measureInFull = async (sql: Sql, ids: readonly CandidateId[], at: string): Promise<readonly CandidateId[]> => {
  if (ids.length === 0) return [];
  return writing(sql, async (session) => {
    const rows = await session.query<ReopenedRow>(REOPEN_FULL, [ids, at]);
    await session.query(`update kiln.candidates set effort = 'full' where id = any($1::text[]) and verdict is null`, [ids]);
    await countIn(session, rows);
    const queued = rows.map(
      ({ id }): NewJournalEvent => ({
        type: 'candidate.queued_again',
        candidateId: id,
        hostId: null,
        data: { effort: 'full' },
      }),
    );
    await append(session, queued, at);
    return rows.map(({ id }) => id);
  });
};

const QUEUED = `state = '{"status": "queued"}'::jsonb, score = null, infra_failures = 0`;
const REOPEN_FULL = `
update kiln.candidates set ${QUEUED}, effort = 'full', updated_at = $2::timestamptz
where id = any($1::text[]) and status = 'done' and score -> 'stopped' is not null
returning id, priority, device, submitter, problem`;

export interface InReach {
  readonly key: FrontKey;
  /** Null: whoever passes belongs to the front. */
  readonly needed: Stopped['needed'] | null;
}

/**
 * Queues again those that were stopped early and could reach the front as it is now: a page at a time, until none is left. Not while a verdict of the
 * ranking that was taken back is not given again: the front is not known before.
 */
export const reopenInReach = async (sql: Sql, { key, needed }: InReach, at: string): Promise<Resumed> =>
  writing(sql, async (session) => {
    const params = [key.problem, key.problemVersion];
    const [doubted] = await session.query<{ id: string }>(DOUBTED, params);
    if (doubted) return { isWaiting: true, candidates: [] };
    const rows = await session.query<ReopenedRow>(REOPEN_IN_REACH, [
      ...params,
      key.deviceModel,
      needed?.speedup ?? 0,
      needed?.timeNs ?? 0,
      at,
    ]);
    await countIn(session, rows);
    await append(session, rows.map(reopenedEvent), at);
    return { isWaiting: false, candidates: rows.map(({ id, priority }) => ({ id, priority })) };
  });

const DOUBTED = `
select id from kiln.submissions
where problem = $1 and problem_version = $2 and verdict is null and judged_again is not null and paused is null limit 1`;

const REOPEN_IN_REACH = `
update kiln.candidates set ${QUEUED}, updated_at = $6::timestamptz
from (
  select submit_order from kiln.submissions
  where problem = $1 and problem_version = $2 and device_model = $3 and status = 'done' and score -> 'stopped' is not null
    and ((score #>> '{stopped,speedupMost}')::double precision >= $4::double precision
      or (score #>> '{stopped,timeLeastNs}')::double precision <= $5::double precision)
  order by submit_order limit ${PAGE_MAX}
) as found
where candidates.submit_order = found.submit_order
returning candidates.id, priority, device, submitter, problem`;

const reopenedEvent = ({ id, problem, device }: ReopenedRow): NewJournalEvent => ({
  type: 'candidate.reopened',
  candidateId: id,
  hostId: null,
  data: {
    verdict: 'passed',
    reason: 'it was stopped early, and the front of the ranking came within its reach',
    problem,
    device,
  },
});
