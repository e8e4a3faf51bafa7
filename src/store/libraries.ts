/** Runs of problems' library programs: candidates of one submitter, found by it. */
import { LIBRARY_SUBMITTER } from '../domain/library.ts';
import type { LibraryRunRow } from '../domain/ports/store-rows.ts';
import type { Store } from '../domain/ports/store.ts';
import type { SqlSession } from './sql.ts';

/** Of a row of kiln.candidates. What it is of stands in its content, which is read of that submitter's rows alone. */
export const IS_LIBRARY_RUN = `(submitter = '${LIBRARY_SUBMITTER}' and content -> 'library' is not null)`;

export const readLibraryRuns = async (
  sql: SqlSession,
  wish: Parameters<Store['libraryRuns']>[0],
): Promise<readonly LibraryRunRow[]> => sql.query<LibraryRunRow>(RUNS, 'ids' in wish ? [wish.ids, null] : [null, wish.limit]);

const RUNS = `
select id, problem, problem_version as "problemVersion", device, content -> 'library' as key,
  content #>> '{program,environmentKey}' as "environmentKey", state, by_answers is not null as "isByAnswers"
from kiln.candidates
where ${IS_LIBRARY_RUN} and ($1::text[] is null or id = any($1::text[]))
order by submit_order desc limit $2::integer`;
