/** Rankings, records, failures and sweeps: what a problem's candidates came to. Device models are never compared with each other. */
import type { SweepId } from '../domain/ids.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { SweepProgress } from '../domain/api/sweeps.ts';
import type { NewSweep, RankedEntry, RankingQuery, RecordRow } from '../domain/ports/store.ts';
import { append, writing } from './journal.ts';
import { readRecords } from './reading.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Model by model: the record, then best first by rank key, the earlier submission first where keys are equal, at last what was stopped early. Trial 0 only. */
export const readRanking = async (sql: SqlSession, query: RankingQuery): Promise<readonly RankedEntry[]> =>
  sql.query<RankedEntry>(RANKING, [query.problem, query.problemVersions, query.limit]);

/** Who met the holder of today in a pair stands where the pair says, also when the holder was measured again since; nobody stands above it. */
const RANKING = `
with holders as (
  select records.problem, records.problem_version, records.device_model, candidate_id, rank_key
  from kiln.records join kiln.candidates on candidates.id = candidate_id
), keyed as (
  select candidates.*, holders.candidate_id is not distinct from candidates.id as record,
    case
      when holders.candidate_id is null or holders.candidate_id = candidates.id then candidates.rank_key
      when candidates.score #>> '{pair,against}' is distinct from holders.candidate_id then least(candidates.rank_key, holders.rank_key)
      when candidates.score #>> '{pair,result}' = 'lost' then holders.rank_key * (candidates.score #>> '{pair,ratio}')::double precision
      else holders.rank_key
    end as key
  from kiln.candidates
  left join holders on holders.problem = candidates.problem and holders.problem_version = candidates.problem_version
    and holders.device_model = candidates.device_model
  where candidates.problem = $1 and candidates.problem_version = any($2::text[]) and candidates.rank_key is not null and trial = 0
), ranked as (
  select *, row_number() over (partition by device_model order by record desc, (score -> 'stopped') is not null, key desc, submit_order)::integer as place from keyed
)
select place, id as "candidateId", device, content ->> 'language' as language, content -> 'params' as params, submitter, score,
  record, state ->> 'finishedAt' as "finishedAt"
from ranked
where place <= $3::integer
order by device_model, place`;

/** Candidates that did not pass, by verdict: of one device class, or of all. */
export const readFailures = async (
  sql: SqlSession,
  ...[problem, problemVersions, device]: readonly [string, readonly string[], string | null]
): Promise<Readonly<Record<string, number>>> =>
  countsOf(
    await sql.query<Count>(
      `select verdict as name, count(*)::integer as count from kiln.candidates
       where problem = $1 and problem_version = any($2::text[]) and verdict <> 'passed'
         and ($3::text is null or lower(device) = lower($3)) group by verdict`,
      [problem, problemVersions, device],
    ),
  );

export const readRecordHolder = async (
  sql: SqlSession,
  ...[problem, problemVersion, deviceModel]: readonly [string, string, string]
): Promise<RecordRow | null> => {
  const [row] = await sql.query<RecordRow>(
    `select candidate_id as "candidateId", score, spread from kiln.records join kiln.candidates on candidates.id = candidate_id
     where records.problem = $1 and records.problem_version = $2 and records.device_model = $3`,
    [problem, problemVersion, deviceModel],
  );
  return row ?? null;
};

/** Idempotent by id. */
export const insertSweep = async (sql: Sql, sweep: NewSweep, at: string): Promise<void> =>
  writing(sql, async (session) => {
    const inserted = await session.query<{ id: SweepId }>(
      'insert into kiln.sweeps (id, problem, device, created_at) values ($1, $2, $3, $4::timestamptz) on conflict do nothing returning id',
      [sweep.id, sweep.problem, sweep.device, at],
    );
    if (inserted.length === 0) return;
    await session.query(
      'insert into kiln.sweep_candidates (sweep_id, candidate_id) select $1, unnest($2::text[]) on conflict do nothing',
      [sweep.id, sweep.candidateIds],
    );
    await append(session, [createdEvent(sweep)], at);
  });

const createdEvent = ({ id, problem, device, candidateIds }: NewSweep): NewJournalEvent => ({
  type: 'sweep.created',
  candidateId: null,
  hostId: null,
  data: { sweepId: id, problem, device, size: new Set(candidateIds).size },
});

export const readSweep = async (sql: SqlSession, id: SweepId): Promise<SweepProgress | null> => {
  const [sweep] = await sql.query<{ problem: string; device: string; createdAt: Date }>(
    'select problem, device, created_at as "createdAt" from kiln.sweeps where id = $1',
    [id],
  );
  if (!sweep) return null;
  const [byStatus, byVerdict] = [await countMembers(sql, id, 'status'), await countMembers(sql, id, 'verdict')];
  const size = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  return { id, ...sweep, createdAt: sweep.createdAt.toISOString(), size, byStatus, byVerdict };
};

/** The sweep's passed candidates, best first by rank key; what was stopped early comes last. */
export const readSweepBest = async (sql: SqlSession, id: SweepId, limit: number): Promise<readonly Candidate[]> =>
  readRecords(sql, {
    where: `rank_key is not null and id in (select candidate_id from kiln.sweep_candidates where sweep_id = $1)
      order by (score -> 'stopped') is not null, rank_key desc, submit_order limit $2::integer`,
    params: [id, limit],
  });

interface Count {
  readonly name: string;
  readonly count: number;
}

const countMembers = async (sql: SqlSession, id: SweepId, column: 'status' | 'verdict'): Promise<Record<string, number>> =>
  countsOf(
    await sql.query<Count>(
      `select ${column} as name, count(*)::integer as count
       from kiln.sweep_candidates join kiln.candidates on candidates.id = candidate_id
       where sweep_candidates.sweep_id = $1 and ${column} is not null group by ${column}`,
      [id],
    ),
  );

const countsOf = (rows: readonly Count[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ name, count }) => [name, count]));
