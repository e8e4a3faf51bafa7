/** Problems as they were defined when candidates were submitted. */
import type { KeptProblem, ProblemVersionRow } from '../domain/ports/store-rows.ts';
import { toJson } from './json.ts';
import type { SqlSession, Writer } from './sql.ts';

/** They are in force from now on. A document stays as it was kept first. */
export const keepProblemVersions = async (sql: Writer, kept: readonly KeptProblem[], at: string): Promise<void> => {
  if (kept.length > 0) await sql.query(KEEP, [toJson(kept), at]);
};

const KEEP = `
insert into kiln.problem_versions (problem, version, document, kept_at)
select distinct on (problem, version) problem, version, document, $2::timestamptz
from jsonb_to_recordset($1::jsonb) as kept (problem text, version text, document jsonb)
on conflict (problem, version) do update set kept_at = excluded.kept_at`;

export const readProblemVersion = async (sql: SqlSession, problem: string, version: string): Promise<unknown> => {
  const [row] = await sql.query<{ document: unknown }>(
    'select document from kiln.problem_versions where problem = $1 and version = $2',
    [problem, version],
  );
  return row?.document ?? null;
};

/** Newest first. */
export const readVersionsOf = async (sql: SqlSession, problem: string): Promise<readonly ProblemVersionRow[]> =>
  sql.query<ProblemVersionRow>(
    `select problem_version as version, array_agg(distinct device order by device) as devices,
       count(*)::integer as candidates, count(rank_key)::integer as ranked,
       count(*) filter (where status <> 'done')::integer as waiting,
       to_char(max(submitted_at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastSubmittedAt"
     from kiln.submissions where problem = $1 group by problem_version order by max(submitted_at) desc`,
    [problem],
  );
