/**
 * The append-only journal. Its promise: who has read up to sequence N never finds a new event at or below N later.
 * Sequence numbers are drawn before a transaction commits, so two writers could commit out of order. Every transaction that appends
 * therefore holds one advisory lock from before it draws numbers until it commits. Kiln has one writer: nobody waits for it.
 */
import type { CandidateId, HostId } from '../domain/ids.ts';
import type { JournalEvent, NewJournalEvent } from '../domain/journal.ts';
import type { EventQuery } from '../domain/ports/store.ts';
import { toJson } from './json.ts';
import type { SqlSession, SqlTransaction, Statement, Writer } from './sql.ts';

/** Any fixed number: it names the lock among those of the database. */
const JOURNAL_LOCK = 0x6b6a726e;
const LOCK_JOURNAL = `select pg_advisory_xact_lock(${JOURNAL_LOCK})`;

/** A transaction that may append events. It is also the one writer of candidates, so that what it read stays true until it commits. */
export const writing = async <T>(sql: Writer, work: (session: SqlTransaction) => Promise<T>): Promise<T> =>
  sql.transaction(async (session) => work(session), sql.isWriting ? [] : [LOCK_JOURNAL]);

/** Only inside `writing`. `at`: ISO time of all of them. */
export const append = async (session: SqlTransaction, events: readonly NewJournalEvent[], at: string): Promise<void> =>
  session.run(appending(events, at));

/** The statements of `append`. */
export const appending = (events: readonly NewJournalEvent[], at: string): readonly Statement[] =>
  events.length === 0 ? [] : [{ text: APPEND, params: [toJson(events.map((event, order) => ({ ...event, order }))), at] }];

const APPEND = `
insert into kiln.journal (at, type, candidate_id, host_id, data)
select $2::timestamptz, type, "candidateId", "hostId", data
from jsonb_to_recordset($1::jsonb) as event ("order" integer, type text, "candidateId" text, "hostId" text, data jsonb)
order by "order"`;

interface EventRow {
  readonly sequence: number;
  readonly at: Date;
  readonly type: JournalEvent['type'];
  readonly candidateId: CandidateId | null;
  readonly hostId: HostId | null;
  readonly data: Record<string, unknown>;
}

/** In order, from after `after`. */
export const readEvents = async (
  sql: SqlSession,
  { after, limit, candidateId, types }: EventQuery,
): Promise<readonly JournalEvent[]> => {
  const params: unknown[] = [after, limit];
  const ofCandidate = candidateId === undefined ? '' : `and candidate_id = $${params.push(candidateId)}`;
  const ofTypes = types === undefined ? '' : `and type = any($${params.push(types)}::text[])`;
  const rows = await sql.query<EventRow>(
    `select sequence::float8 as sequence, at, type, candidate_id as "candidateId", host_id as "hostId", data
     from kiln.journal where sequence > $1::bigint ${ofCandidate} ${ofTypes} order by kiln.journal.sequence limit $2::integer`,
    params,
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
};

export const readLastSequence = async (sql: SqlSession): Promise<number> => {
  const [row] = await sql.query<{ last: number }>('select coalesce(max(sequence), 0)::float8 as last from kiln.journal');
  return row?.last ?? 0;
};
