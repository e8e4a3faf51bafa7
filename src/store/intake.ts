/** New candidates: their sources, their rows and their first events, in one transaction. */
import { Buffer } from 'node:buffer';
import { hash as digest } from 'node:crypto';
import type { CandidateState } from '../domain/candidate.ts';
import type { CandidateId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { countIn } from './backlog.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';
import type { NewCandidate } from '../domain/ports/store-rows.ts';
import type { Inserted } from '../domain/ports/store.ts';

/** Base64 characters in one statement; a longer batch of sources takes several. */
const SOURCE_CHARS_PER_STATEMENT = 8 * 1024 * 1024;

/** The answer has an entry for each of `batch`, in its order; the second of two equal ids in one batch is `known`. */
export const insertCandidates = async (sql: Sql, batch: readonly NewCandidate[], at: string): Promise<readonly Inserted[]> => {
  if (batch.length === 0) return [];
  return writing(sql, async (session) => {
    const sources = new Set(batch.map(({ submission }) => submission.content.source));
    const hashes = new Map([...sources].map((source) => [source, digest('sha256', source)]));
    await insertSources(session, new Map([...hashes].map(([source, sourceHash]) => [sourceHash, source])));
    const rows = batch.map((candidate, order) => ({
      ...rowOf(candidate, at),
      order,
      sourceHash: hashes.get(candidate.submission.content.source),
    }));
    const inserted = await session.query<{ id: CandidateId }>(INSERT, [toJson(rows), at]);
    const fresh = new Set(inserted.map(({ id }) => id));
    await countIn(session, waitingOf(batch, fresh));
    await append(session, firstEvents(batch, fresh), at);
    const begun = batch.map((candidate): [CandidateId, CandidateState] => [candidate.id, stateOf(candidate, at)]);
    const known = batch.map(({ id }) => id).filter((id) => !fresh.has(id));
    return answers(batch, fresh, new Map([...begun, ...(await statesOf(session, known))]));
  });
};

/** The second of two equal ids in one batch is none of its own. */
const waitingOf = (batch: readonly NewCandidate[], fresh: ReadonlySet<CandidateId>) =>
  [...new Map(batch.toReversed().map((candidate) => [candidate.id, candidate])).values()].flatMap(
    ({ id, submission, outcome }) =>
      fresh.has(id) && outcome === null ? [{ device: submission.content.device, submitter: submission.submitter }] : [],
  );

/** As it begins. */
const stateOf = ({ outcome }: Pick<NewCandidate, 'outcome'>, at: string): CandidateState =>
  outcome ? { status: 'done', outcome, finishedAt: at } : { status: 'queued' };

/** As LibraryRunRow tells it. */
const FIRST_ASKED = { asked: 1, isObsolete: false };

const rowOf = ({ id, submission, outcome }: NewCandidate, at: string): object => {
  const { source, ...content } = submission.content;
  const state = stateOf({ outcome }, at);
  const { priority, submitter, labels, sweepId, effort = 'racing' } = submission;
  const libraryRun = content.library ? FIRST_ASKED : null;
  return { id, content, priority, submitter, labels, sweepId, effort, state, libraryRun, sourceBytes: Buffer.byteLength(source) };
};

const INSERT = `
insert into kiln.candidates (
  id, content, source_hash, source_bytes, priority, submitter, labels, sweep_id, effort, state, library_run, submitted_at, updated_at)
select id, content, "sourceHash", "sourceBytes", priority, submitter, labels, "sweepId", effort, state, "libraryRun", $2::timestamptz, $2::timestamptz
from jsonb_to_recordset($1::jsonb) as new_candidate (
  "order" integer, id text, content jsonb, "sourceHash" text, "sourceBytes" integer,
  priority integer, submitter text, labels jsonb, "sweepId" text, effort text, state jsonb, "libraryRun" jsonb)
order by "order"
on conflict (id) do nothing
returning id`;

const insertSources = async (session: SqlSession, sources: ReadonlyMap<string, string>): Promise<void> => {
  const known = await session.query<{ hash: string }>('select hash from kiln.sources where hash = any($1::text[])', [
    [...sources.keys()],
  ]);
  const knownHashes = new Set(known.map(({ hash }) => hash));
  const missing = [...sources].filter(([hash]) => !knownHashes.has(hash));
  for (const chunk of chunksOf(missing.map(([hash, source]) => ({ hash, body: Buffer.from(source).toString('base64') })))) {
    await session.query(INSERT_SOURCES, [JSON.stringify(chunk)]);
  }
};

const INSERT_SOURCES = `
insert into kiln.sources (hash, body)
select hash, decode(body, 'base64') from jsonb_to_recordset($1::jsonb) as source (hash text, body text)
on conflict do nothing`;

const chunksOf = <Part extends { readonly body: string }>(parts: readonly Part[]): readonly (readonly Part[])[] => {
  const chunks: Part[][] = [];
  let room = 0;
  for (const part of parts) {
    room -= part.body.length;
    if (room < 0) {
      chunks.push([]);
      room = SOURCE_CHARS_PER_STATEMENT - part.body.length;
    }
    chunks.at(-1)?.push(part);
  }
  return chunks;
};

const firstEvents = (batch: readonly NewCandidate[], fresh: ReadonlySet<CandidateId>): readonly NewJournalEvent[] => {
  const firstOf = new Map(batch.toReversed().map((candidate) => [candidate.id, candidate]));
  return [...firstOf.values()].toReversed().flatMap(({ id, submission, outcome }) => {
    if (!fresh.has(id)) return [];
    const { problem, device } = submission.content;
    const queued = eventOf('candidate.queued', id, { problem, device, submitter: submission.submitter });
    return outcome ? [queued, eventOf('candidate.done', id, { verdict: outcome.verdict, problem, device })] : [queued];
  });
};

const eventOf = (type: NewJournalEvent['type'], candidateId: CandidateId, data: Record<string, unknown>): NewJournalEvent => ({
  type,
  candidateId,
  hostId: null,
  data,
});

const statesOf = async (session: SqlSession, ids: readonly CandidateId[]): Promise<ReadonlyMap<CandidateId, CandidateState>> => {
  if (ids.length === 0) return new Map();
  const rows = await session.query<{ id: CandidateId; state: CandidateState }>(
    'select id, state from kiln.candidates where id = any($1::text[])',
    [ids],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
};

const answers = (
  batch: readonly NewCandidate[],
  fresh: ReadonlySet<CandidateId>,
  states: ReadonlyMap<CandidateId, CandidateState>,
): readonly Inserted[] => {
  const seen = new Set<CandidateId>();
  return batch.map(({ id }) => {
    const known = !fresh.has(id) || seen.has(id);
    seen.add(id);
    return { known, state: states.get(id) ?? { status: 'queued' } };
  });
};
