/** Runs of problems' library programs. What somebody submitted is without them: kiln.submissions. */
import type { CandidateId } from '../domain/ids.ts';
import type { LibraryRunRow } from '../domain/ports/store-rows.ts';
import type { Store } from '../domain/ports/store.ts';
import type { Sql, SqlSession } from './sql.ts';

export const readLibraryRuns = async (
  sql: SqlSession,
  wish: Parameters<Store['libraryRuns']>[0],
): Promise<readonly LibraryRunRow[]> => sql.query<LibraryRunRow>(RUNS, 'ids' in wish ? [wish.ids, null] : [null, wish.limit]);

const RUNS = `
select id, problem, problem_version as "problemVersion", device, content -> 'library' as key,
  content #>> '{program,environmentKey}' as "environmentKey", state, by_answers is not null as "isByAnswers",
  (library_run ->> 'asked')::integer as asked, (library_run ->> 'isObsolete')::boolean as "isObsolete"
from kiln.candidates
where library_run is not null and ($1::text[] is null or id = any($1::text[]))
order by submit_order desc limit $2::integer`;

export const markObsoleteRuns = async (sql: Sql, ids: readonly CandidateId[]): Promise<void> => {
  await sql.transaction(async (session) => session.query(MARK, [ids]));
};

const MARK = `
update kiln.candidates set library_run = library_run || '{"isObsolete": true}'::jsonb
where id = any($1::text[]) and library_run is not null and verdict is null`;
