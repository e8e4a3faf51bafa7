/** Candidates read back: one, lists, contents, and what is not done. */
import { Buffer } from 'node:buffer';
import type { JudgedAgain } from '../domain/canary.ts';
import { type ByAnswers, byAnswersOf } from '../domain/candidate.ts';
import type { Candidate, CandidateContent, CandidateState, Effort, Pause, Submission } from '../domain/candidate.ts';
import { type CandidateId, type SweepId, candidateIdOf } from '../domain/ids.ts';
import type { KernelResources } from '../domain/kernel-resources.ts';
import type { FinishedAttempt } from '../domain/attempt.ts';
import type { Score } from '../domain/ranking/ranking.ts';
import { orderOf } from './cursor.ts';
import { toJson } from './json.ts';
import type { SqlSession } from './sql.ts';
import type { CandidateFilter, FirstOf, Unfinished, UnfinishedJob } from '../domain/ports/store-rows.ts';
import type { CandidatePage, SourcedCandidate } from '../domain/ports/store.ts';

/** `where` uses $1, $2, … of `params`, and the tables `candidates` and `sources`. */
export interface Selection {
  readonly where: string;
  readonly params: readonly unknown[];
}

interface CandidateRow {
  readonly submitOrder: string;
  readonly id: CandidateId;
  readonly content: Omit<CandidateContent, 'source'>;
  readonly sourceBytes: number;
  readonly priority: number;
  readonly submitter: string;
  readonly labels: string[];
  readonly sweepId: SweepId | null;
  readonly effort: Effort;
  readonly state: CandidateState;
  readonly score: Score | null;
  readonly compileLog: string;
  readonly resources: KernelResources | null;
  readonly infraFailures: number;
  readonly paused: Pause | null;
  readonly judgedAgain: JudgedAgain | null;
  readonly byAnswers: ByAnswers | null;
  readonly lastAttempt: number;
  readonly submittedAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `submit_order::text as "submitOrder", candidates.id, content, source_bytes as "sourceBytes", priority, submitter, labels,
  candidates.sweep_id as "sweepId", effort, state, score, compile_log as "compileLog", resources, infra_failures as "infraFailures",
  paused, judged_again as "judgedAgain", by_answers as "byAnswers", last_attempt as "lastAttempt", submitted_at as "submittedAt", updated_at as "updatedAt"`;

export const readCandidate = async (sql: SqlSession, id: CandidateId): Promise<Candidate | null> =>
  (await readRecords(sql, { where: 'candidates.id = $1', params: [id] }))[0] ?? null;

/** Newest first. `cursor` is the `next` of the page before. */
export const readCandidates = async (sql: SqlSession, filter: CandidateFilter): Promise<CandidatePage> => {
  const { where, params } = conditionsOf(filter);
  const rows = await sql.query<CandidateRow>(
    `select ${COLUMNS} from kiln.candidates where ${where} order by submit_order desc limit ${Math.trunc(filter.limit) + 1}`,
    params,
  );
  const page = rows.slice(0, filter.limit);
  return {
    candidates: await withAttempts(sql, page),
    next: rows.length > page.length ? (page.at(-1)?.submitOrder ?? null) : null,
  };
};

/** In the order that `where` ends with, or any. */
export const readRecords = async (sql: SqlSession, { where, params }: Selection): Promise<readonly Candidate[]> =>
  withAttempts(sql, await sql.query<CandidateRow>(`select ${COLUMNS} from kiln.candidates where ${where}`, params));

const conditionsOf = (filter: CandidateFilter): Selection => {
  const params: unknown[] = [];
  const when = (value: string | undefined, condition: (bound: string) => string): readonly string[] =>
    value === undefined ? [] : [condition(`$${params.push(value)}`)];
  const conditions = [
    ...when(filter.problem, (bound) => `problem = ${bound}`),
    ...when(filter.device, (bound) => `device = ${bound}`),
    ...when(filter.status, (bound) => `status = ${bound}`),
    ...when(filter.verdict, (bound) => `verdict = ${bound}`),
    ...when(filter.submitter, (bound) => `submitter = ${bound}`),
    ...when(filter.sweep, (bound) => `id in (select candidate_id from kiln.sweep_points where sweep_id = ${bound})`),
    ...when(orderOf(filter.cursor), (bound) => `submit_order < ${bound}::bigint`),
    'true',
  ];
  return { where: conditions.join(' and '), params };
};

interface AttemptRow extends Omit<FinishedAttempt, 'judgedBy' | 'startedAt' | 'finishedAt'> {
  readonly judgedBy: NonNullable<FinishedAttempt['judgedBy']> | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date;
}

const withAttempts = async (sql: SqlSession, rows: readonly CandidateRow[]): Promise<readonly Candidate[]> => {
  if (rows.length === 0) return [];
  const attempts = await sql.query<AttemptRow>(ATTEMPTS, [rows.map(({ id }) => id)]);
  const byCandidate = Map.groupBy(attempts, ({ attemptId }) => candidateIdOf(attemptId));
  return rows.map((row) => candidateOf(row, (byCandidate.get(row.id) ?? []).map(attemptOf)));
};

const ATTEMPTS = `
select attempt_id as "attemptId", host_id as "hostId", device_id as "deviceId", device_model as "deviceModel",
  mode, judged_by as "judgedBy", started_at as "startedAt", finished_at as "finishedAt", verdict, infra, timings, phases, telemetry
from kiln.attempts where candidate_id = any($1::text[]) order by candidate_id, number`;

const attemptOf = ({ judgedBy, ...row }: AttemptRow): FinishedAttempt => ({
  ...row,
  ...(judgedBy && { judgedBy }),
  startedAt: row.startedAt?.toISOString() ?? null,
  finishedAt: row.finishedAt.toISOString(),
});

const candidateOf = (row: CandidateRow, attempts: FinishedAttempt[]): Candidate => ({
  id: row.id,
  submission: { ...steering(row), ...summary(row.content), sourceBytes: row.sourceBytes },
  state: row.state,
  attempts,
  score: row.score,
  compileLog: row.compileLog,
  resources: row.resources,
  infraFailures: row.infraFailures,
  paused: row.paused,
  judgedAgain: row.judgedAgain,
  byAnswers: byAnswersOf(row.content, row.byAnswers),
  submittedAt: row.submittedAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const steering = ({ priority, submitter, labels, sweepId, effort }: CandidateRow): Omit<Submission, 'content'> => ({
  priority,
  submitter,
  labels,
  sweepId,
  ...(effort === 'full' ? { effort } : {}),
});

type Summary = Pick<CandidateContent, 'problem' | 'language' | 'params' | 'device' | 'trial' | 'against'>;
const summary = ({ problem, language, params, device, trial, against }: CandidateRow['content']): Summary => ({
  problem,
  language,
  params,
  device,
  trial,
  ...(against === undefined ? {} : { against }),
});

interface SourceRow extends CandidateRow {
  readonly source: string;
}

/** Sources are fetched once each: the candidates of a sweep share one. */
const selectWithSource = async (sql: SqlSession, { where, params }: Selection): Promise<readonly SourceRow[]> => {
  const rows = await sql.query<CandidateRow & { readonly sourceHash: string }>(
    `select ${COLUMNS}, source_hash as "sourceHash" from kiln.candidates where ${where}`,
    params,
  );
  if (rows.length === 0) return [];
  const sources = await readSources(sql, [...new Set(rows.map(({ sourceHash }) => sourceHash))]);
  return rows.map((row) => ({ ...row, source: sources.get(row.sourceHash) ?? '' }));
};

/** Base64 on the way: PGlite decodes bytea digit by digit in JavaScript. */
const readSources = async (sql: SqlSession, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const rows = await sql.query<{ hash: string; body: string }>(
    `select hash, encode(body, 'base64') as body from kiln.sources where hash = any($1::text[])`,
    [hashes],
  );
  return new Map(rows.map(({ hash, body }) => [hash, Buffer.from(body, 'base64').toString('utf8')]));
};

const contentOf = ({ content, source }: SourceRow): CandidateContent => ({ ...content, source });

export const readContent = async (sql: SqlSession, id: CandidateId): Promise<CandidateContent | null> => {
  const [row] = await selectWithSource(sql, { where: 'candidates.id = $1', params: [id] });
  return row ? contentOf(row) : null;
};

/** Those of `ids` that are there, in any order. */
export const readSourced = async (sql: SqlSession, ids: readonly CandidateId[]): Promise<readonly SourcedCandidate[]> => {
  const rows = await selectWithSource(sql, { where: 'candidates.id = any($1::text[])', params: [ids] });
  const candidates = await withAttempts(sql, rows);
  return candidates.map((candidate, index) => ({ candidate, source: rows[index]?.source ?? '' }));
};

/** Those of `ids` that are to be judged: not done, and not paused. */
export const readPending = async (sql: SqlSession, ids: readonly CandidateId[]): Promise<readonly Unfinished[]> =>
  (
    await selectWithSource(sql, {
      where: `candidates.id = any($1::text[]) and status <> 'done' and paused is null`,
      params: [ids],
    })
  ).map(unfinishedOf);

/** Everything that is to be judged, in submission order, from after the candidate `afterId`. */
export const readUnfinished = async (
  sql: SqlSession,
  page: number,
  afterId: CandidateId | null,
): Promise<readonly UnfinishedJob[]> => sql.query<UnfinishedJob>(UNFINISHED, [page, afterId]);

const UNFINISHED = `
select id, priority from kiln.candidates
where verdict is null and paused is null and submit_order > coalesce((select submit_order from kiln.candidates where id = $2), 0)
order by submit_order limit $1::integer`;

/** Of what is to be judged, the first of each submitter and class by priority and submission: a list for each wish, in their order. */
export const readFirst = async (sql: SqlSession, wishes: readonly FirstOf[]): Promise<readonly (readonly CandidateId[])[]> => {
  if (wishes.length === 0) return [];
  const rows = await sql.query<{ id: CandidateId; wish: number }>(FIRST, [toJson(wishes)]);
  const byWish = Map.groupBy(rows, ({ wish }) => wish);
  return wishes.map((_, index) => (byWish.get(index + 1) ?? []).map(({ id }) => id));
};

const FIRST = `
select first.id, wish.position::integer as wish
from rows from (jsonb_to_recordset($1::jsonb) as (device text, submitter text, "limit" integer)) with ordinality
  as wish (device, submitter, "limit", position)
cross join lateral (
  select id, priority, submit_order from kiln.candidates
  where verdict is null and paused is null and candidates.device = wish.device and candidates.submitter = wish.submitter
  order by priority, submit_order limit wish."limit"
) as first
order by wish.position, first.priority, first.submit_order`;

const unfinishedOf = (row: SourceRow): Unfinished => ({
  id: row.id,
  submission: { content: contentOf(row), ...steering(row) },
  state: row.state,
  attempts: row.lastAttempt,
  infraFailures: row.infraFailures,
  submittedAtMs: row.submittedAt.getTime(),
  byAnswers: byAnswersOf(row.content, row.byAnswers),
});
