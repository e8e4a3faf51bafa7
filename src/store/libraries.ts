/** Runs of problems' library programs: candidates of one submitter, found by it. */
import { LIBRARY_SUBMITTER } from '../domain/library.ts';
import type { LibraryRunRow } from '../domain/ports/store-rows.ts';
import type { Store } from '../domain/ports/store.ts';
import type { SqlSession } from './sql.ts';

export const readLibraryRuns = async (
  sql: SqlSession,
  wish: Parameters<Store['libraryRuns']>[0],
): Promise<readonly LibraryRunRow[]> =>
  sql.query<LibraryRunRow>(RUNS, [LIBRARY_SUBMITTER, 'ids' in wish ? wish.ids : null, 'ids' in wish ? null : wish.limit]);

const RUNS = `
select id, problem, problem_version as "problemVersion", device, content -> 'library' as key,
  content #>> '{program,environmentKey}' as "environmentKey", state, by_answers is not null as "isByAnswers"
from kiln.candidates
where submitter = $1 and content -> 'library' is not null and ($2::text[] is null or id = any($2::text[]))
order by submit_order desc limit $3::integer`;
