/** Rankings, records and failures: what a problem's candidates came to. Device models are never compared with each other. */
import type { RankedEntry, RankingKey, RankingQuery, RecordRow } from '../domain/ports/store.ts';
import { classSql } from './ranking-class.ts';
import type { SqlSession } from './sql.ts';

/** Model by model: the record, then best first by rank key, the earlier submission first where keys are equal, at last what was stopped early. Trial 0 only. */
export const readRanking = async (sql: SqlSession, query: RankingQuery): Promise<readonly RankedEntry[]> =>
  sql.query<RankedEntry>(RANKING, [
    query.problem,
    query.problemVersions,
    query.limit,
    query.submitter ?? null,
    query.language ?? null,
    query.sweep ?? null,
    query.class ?? 'device',
  ]);

/**
 * Who met the holder of today in a pair stands where the pair says, also when the holder was measured again since; nobody stands above it. All that are ranked
 * are numbered by few columns; what an entry shows is read of those alone that are asked for.
 */
const RANKING = `
with holders as materialized (
  select records.problem_version, records.device_model, candidate_id, rank_key
  from kiln.records join kiln.candidates on candidates.id = candidate_id
  where records.problem = $1 and records.problem_version = any($2::text[]) and records.class = $7::text
), scored as (
  select submit_order, problem_version, device_model, id, candidates.rank_key, score -> 'stopped' is not null as stopped, score -> 'pair' as pair
  from kiln.candidates
  where problem = $1 and problem_version = any($2::text[]) and candidates.rank_key is not null and trial = 0
    and ${classSql('score')} = $7::text and score #> '{answers,tooShort}' is null
    and ($4::text is null or submitter = $4) and ($5::text is null or content ->> 'language' = $5)
    and ($6::text is null or id in (select candidate_id from kiln.sweep_points where sweep_points.sweep_id = $6))
), keyed as (
  select submit_order, scored.device_model, stopped, holders.candidate_id is not distinct from id as record,
    case
      when holders.candidate_id is null or holders.candidate_id = id then scored.rank_key
      when pair ->> 'against' is distinct from holders.candidate_id then least(scored.rank_key, holders.rank_key)
      when pair ->> 'result' = 'lost' then holders.rank_key * (pair ->> 'ratio')::double precision
      else holders.rank_key
    end as key
  from scored left join holders on holders.problem_version = scored.problem_version and holders.device_model = scored.device_model
), numbered as (
  select submit_order, record, row_number() over (partition by device_model order by record desc, stopped, key desc, submit_order)::integer as place
  from keyed
), page as materialized (
  select * from numbered where place <= $3::integer
)
select place, id as "candidateId", device, content ->> 'language' as language, content -> 'params' as params, submitter, score,
  record, state ->> 'finishedAt' as "finishedAt"
from page join kiln.candidates using (submit_order)
order by device_model, place`;

/** Candidates that did not pass, by verdict: of one device class, or of all. */
export const readFailures = async (
  sql: SqlSession,
  ...[problem, problemVersions, device]: readonly [string, readonly string[], string | null]
): Promise<Readonly<Record<string, number>>> =>
  countsOf(
    await sql.query<Count>(
      `select verdict as name, count(*)::integer as count from kiln.submissions
       where problem = $1 and problem_version = any($2::text[]) and verdict <> 'passed'
         and ($3::text is null or lower(device) = lower($3)) group by verdict`,
      [problem, problemVersions, device],
    ),
  );

export const readRecordHolder = async (
  sql: SqlSession,
  { problem, problemVersion, deviceModel, class: ofClass }: RankingKey,
): Promise<RecordRow | null> => {
  const [row] = await sql.query<RecordRow>(
    `select candidate_id as "candidateId", score, spread from kiln.records join kiln.candidates on candidates.id = candidate_id
     where records.problem = $1 and records.problem_version = $2 and records.device_model = $3 and records.class = $4`,
    [problem, problemVersion, deviceModel, ofClass],
  );
  return row ?? null;
};

interface Count {
  readonly name: string;
  readonly count: number;
}

const countsOf = (rows: readonly Count[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ name, count }) => [name, count]));
