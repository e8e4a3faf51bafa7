/** Weights and limits of submitters, and the device time that they were given. */
import type { SubmitterSettings } from '../domain/submitters.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

export const writeSubmitter = async (sql: Sql, settings: SubmitterSettings): Promise<void> => {
  await sql.transaction(async (session) =>
    session.query(
      `insert into kiln.submitters (submitter, settings) values ($1, $2::jsonb)
       on conflict (submitter) do update set settings = excluded.settings`,
      [settings.submitter, toJson(settings)],
    ),
  );
};

export const deleteSubmitter = async (sql: Sql, submitter: string): Promise<void> => {
  await sql.transaction(async (session) => session.query('delete from kiln.submitters where submitter = $1', [submitter]));
};

export const readSubmitters = async (sql: SqlSession): Promise<readonly SubmitterSettings[]> =>
  (await sql.query<{ settings: SubmitterSettings }>('select settings from kiln.submitters order by submitter')).map(
    ({ settings }) => settings,
  );

/** Milliseconds of judgements that ended since `from`. */
export const readDeviceTime = async (
  sql: SqlSession,
  submitters: readonly string[],
  from: string,
): Promise<readonly { readonly submitter: string; readonly ms: number }[]> =>
  submitters.length === 0
    ? []
    : sql.query<{ submitter: string; ms: number }>(
        `select candidates.submitter, coalesce(sum((attempts.phases ->> 'totalMs')::float8), 0)::float8 as ms
         from kiln.attempts join kiln.candidates on candidates.id = attempts.candidate_id
         where candidates.submitter = any($1::text[]) and attempts.finished_at >= $2::timestamptz and attempts.infra is null
         group by candidates.submitter`,
        [submitters, from],
      );
