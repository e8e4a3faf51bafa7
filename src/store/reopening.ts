/** What follows in the same transaction where verdicts were taken back: the backlog, records that lost their holder, the journal. */
import type { CandidateId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { RankingKey, Reopened } from '../domain/ports/store.ts';
import { classOf, type Score } from '../domain/ranking/ranking.ts';
import { countIn } from './backlog.ts';
import { append } from './journal.ts';
import { classSql } from './ranking-class.ts';
import type { SqlSession, SqlTransaction } from './sql.ts';

/** A candidate that is queued again, and the verdict it had. */
export interface ReopenedRow {
  readonly id: CandidateId;
  readonly priority: number;
  readonly device: string;
  readonly submitter: string;
  readonly problem: string;
  readonly verdict: string;
}

interface Reopening {
  readonly at: string;
  readonly eventOf: (row: ReopenedRow) => NewJournalEvent;
}

/** `rows` are queued already. */
export const afterReopening = async (
  session: SqlTransaction,
  rows: readonly ReopenedRow[],
  { at, eventOf }: Reopening,
): Promise<Reopened> => {
  if (rows.length === 0) return { candidates: [], records: [] };
  await countIn(session, rows);
  const replaced = await replaceHolders(session, rows, at);
  await append(session, [...rows.map(eventOf), ...replaced.flatMap(({ event }) => event)], at);
  return { candidates: rows.map(({ id, priority }) => ({ id, priority })), records: replaced.map(({ record }) => record) };
};

interface Replaced {
  readonly record: Reopened['records'][number];
  readonly event: readonly NewJournalEvent[];
}

/** The best that is left of those that were confirmed holds the record. */
const replaceHolders = async (session: SqlSession, rows: readonly ReopenedRow[], at: string): Promise<readonly Replaced[]> => {
  const lost = await session.query<RankingKey>(
    `select problem, problem_version as "problemVersion", device_model as "deviceModel", class from kiln.records where candidate_id = any($1::text[])`,
    [rows.map(({ id }) => id)],
  );
  const replaced: Replaced[] = [];
  for (const key of lost) {
    const params = [key.problem, key.problemVersion, key.deviceModel, key.class];
    const [holder] = await session.query<{ candidateId: CandidateId; score: Score; device: string }>(BEST_LEFT, params);
    if (holder) await session.query(SET_HOLDER, [...params, holder.candidateId, at]);
    else await session.query(REMOVE_RECORD, params);
    replaced.push({
      record: { ...key, holder: holder ? { candidateId: holder.candidateId, score: holder.score } : null },
      event: holder ? [recordEvent(key.problem, holder)] : [],
    });
  }
  return replaced;
};

const BEST_LEFT = `
select id as "candidateId", score, device from kiln.candidates
where problem = $1 and problem_version = $2 and device_model = $3 and rank_key is not null and trial = 0
  and ${classSql('score')} = $4 and (score ->> 'confirmed')::boolean
order by rank_key desc, submit_order limit 1`;

const SET_HOLDER = `
update kiln.records set candidate_id = $5, set_at = $6::timestamptz
where problem = $1 and problem_version = $2 and device_model = $3 and class = $4`;

const REMOVE_RECORD = `delete from kiln.records where problem = $1 and problem_version = $2 and device_model = $3 and class = $4`;

const recordEvent = (
  problem: string,
  { candidateId, score, device }: { readonly candidateId: CandidateId; readonly score: Score; readonly device: string },
): NewJournalEvent => ({
  type: 'candidate.record',
  candidateId,
  hostId: null,
  data: {
    problem,
    device,
    deviceModel: score.deviceModel,
    speedup: score.speedup,
    timeNs: score.timeNs,
    rankKey: score.rankKey,
    ...(score.answers && { class: classOf(score) }),
    restored: true,
  },
});
