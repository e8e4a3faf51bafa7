/**
 * Candidates that are old and that nothing needs any more, and their removal. What stays, however old: what is not done; record holders and the first places of
 * each ranking; points of sweeps that go on; what campaigns wrote, since their lineages and reports are made of it; the times of libraries.
 */
import { CAMPAIGN_SUBMITTER } from '../domain/campaign/campaign.ts';
import type { CandidateId } from '../domain/ids.ts';
import type { OldCandidate, Retention } from '../domain/ports/store-rows.ts';
import { append, writing } from './journal.ts';
import { classSql } from './ranking-class.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Of one look, and so of one transaction. */
const PAGE_MAX = 500;

/** It holds no record, and is no point of a sweep that goes on. */
const UNUSED = `not exists (select 1 from kiln.records where records.candidate_id = candidates.id)
    and not exists (
      select 1 from kiln.sweep_points join kiln.sweeps on sweeps.id = sweep_points.sweep_id
      where sweep_points.candidate_id = candidates.id and sweeps.status in ('running', 'paused'))`;

const OLD = `
with ranked as (
  select id, row_number() over (
    partition by problem, problem_version, device_model, ${classSql('score')} order by (score -> 'stopped') is not null, rank_key desc, submit_order) as place
  from kiln.candidates where rank_key is not null and trial = 0 and score #> '{answers,tooShort}' is null
), old as (
  select candidates.* from kiln.submissions as candidates left join ranked on ranked.id = candidates.id
  where candidates.verdict is not null and candidates.updated_at < $1::timestamptz
    and coalesce(ranked.place > $2::integer, true)
    and candidates.submitter not like '${CAMPAIGN_SUBMITTER}%'
    and ${UNUSED}
)`;

/** How many there are, by problem. */
export const countOld = async (sql: SqlSession, { before, keepPlaces }: Retention): Promise<Readonly<Record<string, number>>> => {
  const rows = await sql.query<{ problem: string; count: number }>(
    `${OLD} select problem, count(*)::integer as count from old group by problem order by problem`,
    [before, keepPlaces],
  );
  return Object.fromEntries(rows.map(({ problem, count }) => [problem, count]));
};

/** A page of them, whole, the oldest first. */
export const readOld = async (sql: SqlSession, { before, keepPlaces }: Retention): Promise<readonly OldCandidate[]> =>
  sql.query<OldCandidate>(
    `${OLD}
     select old.id, old.content, convert_from(sources.body, 'UTF8') as source, old.submitter, old.state, old.score, old.compile_log as "compileLog",
       old.submitted_at::text as "submittedAt",
       coalesce((select jsonb_agg(to_jsonb(attempts) order by number) from kiln.attempts where candidate_id = old.id), '[]'::jsonb) as attempts
     from old join kiln.sources on sources.hash = old.source_hash
     order by old.submit_order limit ${PAGE_MAX}`,
    [before, keepPlaces],
  );

/** With all that belongs to them, in one transaction; those that something needs by now stay, whole. Returns how many went. */
export const removeCandidates = async (sql: Sql, ids: readonly CandidateId[], at: string): Promise<number> =>
  writing(sql, async (session) => {
    await session.query(`select set_config('kiln.removing_old_candidates', 'on', true)`, []);
    const removable = await readRemovable(session, ids);
    for (const table of ['attempts', 'profiles', 'sweep_points', 'journal'])
      await session.query(`delete from kiln.${table} where candidate_id = any($1::text[])`, [removable]);
    const removed = await session.query<{ hash: string }>(
      'delete from kiln.candidates where id = any($1::text[]) returning source_hash as hash',
      [removable],
    );
    await session.query(
      `delete from kiln.sources where hash = any($1::text[])
         and not exists (select 1 from kiln.candidates where candidates.source_hash = sources.hash)`,
      [removed.map(({ hash }) => hash)],
    );
    const data = { removed: removed.length };
    if (removed.length > 0) await append(session, [{ type: 'candidates.removed', candidateId: null, hostId: null, data }], at);
    return removed.length;
  });

/** They were looked up before this transaction: some may be queued again, hold a record or be points of a sweep since. Their rows are locked first, so that no point is linked to one after the look. */
const readRemovable = async (session: SqlSession, ids: readonly CandidateId[]): Promise<readonly CandidateId[]> => {
  await session.query('select 1 from kiln.candidates where id = any($1::text[]) for update', [ids]);
  const rows = await session.query<{ id: CandidateId }>(
    `select id from kiln.candidates where id = any($1::text[]) and verdict is not null and ${UNUSED}`,
    [ids],
  );
  return rows.map(({ id }) => id);
};

/** Versions of problems that no candidate is of, but those that were kept last: they are in force. */
export const removeUnusedVersions = async (sql: Sql, at: string): Promise<void> =>
  writing(sql, async (session) => {
    await session.query(
      `delete from kiln.problem_versions as kept where not exists (
         select 1 from kiln.candidates where candidates.problem = kept.problem and candidates.problem_version = kept.version)
         and kept_at < $1::timestamptz - interval '1 day'
         and kept_at < (select max(kept_at) from kiln.problem_versions as newest where newest.problem = kept.problem)`,
      [at],
    );
  });
