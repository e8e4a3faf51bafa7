/**
 * Removes old events from the journal's beginning. Events of candidates that are not done stay, however old.
 *
 * One event of type `journal.trimmed` stands in place of the last one removed: who resumes from before it reads it and knows that
 * something is missing, and the promise of the journal holds (nothing new at or below a number that was read).
 */
import type { TrimmedPage } from '../domain/ports/store-rows.ts';
import { writing } from './journal.ts';
import type { SqlSession, Writer } from './sql.ts';

const PAGE_MAX = 5000;

/** Looks at one page of events after `after`; those before `beforeMs` go. `next`: where to go on, or null when there are no more as old. */
export const trimJournal = async (
  sql: Writer,
  { after, beforeMs, at }: { readonly after: number; readonly beforeMs: number; readonly at: string },
): Promise<TrimmedPage> =>
  writing(sql, async (session) => {
    const before = new Date(beforeMs).toISOString();
    const [page] = await session.query<{ last: number | null; size: number }>(PAGE, [after, before]);
    if (!page || page.last === null) return { removed: 0, next: null };
    const removed = await session.query<{ sequence: number }>(REMOVE, [after, page.last, before]);
    if (removed.length > 0) await mark(session, { removed, before, at });
    return { removed: removed.length, next: page.size < PAGE_MAX ? null : page.last };
  });

const PAGE = `
select max(sequence) filter (where at < $2::timestamptz)::float8 as last, (count(*) filter (where at < $2::timestamptz))::integer as size
from (select sequence, at from kiln.journal where sequence > $1::bigint and type <> 'journal.trimmed' order by sequence limit ${PAGE_MAX}) as page`;

const REMOVE = `
delete from kiln.journal
where sequence > $1::bigint and sequence <= $2::bigint and at < $3::timestamptz and type <> 'journal.trimmed'
  and not exists (select 1 from kiln.candidates where candidates.id = journal.candidate_id and candidates.verdict is null)
returning sequence::float8 as sequence`;

interface Removal {
  readonly removed: readonly { readonly sequence: number }[];
  readonly before: string;
  readonly at: string;
}

const mark = async (session: SqlSession, { removed, before, at }: Removal): Promise<void> => {
  const [old] = await session.query<{ sequence: number; removed: number }>(TAKE_MARK);
  const last = removed.reduce((most, { sequence }) => Math.max(most, sequence), old?.sequence ?? 0);
  await session.query(SET_MARK, [last, at, JSON.stringify({ removed: (old?.removed ?? 0) + removed.length, before })]);
};

const TAKE_MARK = `
delete from kiln.journal where type = 'journal.trimmed' returning sequence::float8 as sequence, (data ->> 'removed')::float8 as removed`;

const SET_MARK = `
insert into kiln.journal (sequence, at, type, data) overriding system value
values ($1::bigint, $2::timestamptz, 'journal.trimmed', $3::jsonb)`;
