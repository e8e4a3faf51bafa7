/** What happens to candidates after intake: moves, attempts, final words. Each function is one transaction of a few multi-row statements. */
import type { ByAnswers, CandidateState } from '../domain/candidate.ts';
import { type CandidateId, type HostId, attemptNumber, candidateIdOf } from '../domain/ids.ts';
import type { KernelResources } from '../domain/kernel-resources.ts';
import type { FinishedAttempt } from '../domain/attempt.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { classOf, type Score } from '../domain/ranking/ranking.ts';
import { countIn, countingOut } from './backlog.ts';
import { append, appending, writing } from './journal.ts';
import { classSql } from './ranking-class.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession, Statement, Writer } from './sql.ts';
import type { Completion, Progress, Transition } from '../domain/ports/store-rows.ts';

/**
 * Moves, final words and attempts of one batch, in this order. What moves a candidate that is done is dropped with its event; whoever moves and ends in the same batch is
 * written once. Returns the ids that were not done before and have their final word now, each once, in the batch's order.
 */
export const writeProgress = async (
  sql: Writer,
  { transitions, completions, attempts = [] }: Progress,
  { at, withFinal }: { readonly at: string; readonly withFinal?: WithFinal | undefined },
): Promise<readonly CandidateId[]> => {
  if (transitions.length + completions.length + attempts.length === 0) return [];
  return writing(sql, async (session) => {
    const unfinished = await unfinishedAmong(session, { transitions, completions });
    const { applied, ended } = applicable(transitions, unfinished);
    const moves = lastMoves(applied);
    const final = firstOfEach(completions).filter(({ candidateId }) => unfinished.has(candidateId));
    const ending = new Set(final.map(({ candidateId }) => candidateId));
    const moved = [...moves.values()].filter(({ id }) => !ending.has(id));
    const left = [...ended, ...final.flatMap(({ candidateId }) => countedOf(unfinished.get(candidateId)))];
    const lastWords = final.flatMap((completion) => lastEvents(completion, about(completion, { moves, unfinished })));
    await session.run([
      ...(moved.length > 0 ? [{ text: MOVE, params: [toJson(moved), at] }] : []),
      ...finishing(final, { moves, at }),
      ...attempting(attempts, final),
      ...(withFinal && ending.size > 0 ? [withFinal([...ending])] : []),
      ...countingOut(left),
      ...appending([...applied.map(({ event }) => event), ...lastWords], at),
    ]);
    return [...ending];
  });
};

/** A statement of somebody else's, of candidates that have their final word now. */
export type WithFinal = (ids: readonly CandidateId[]) => Statement;

/** Without those of candidates that are done, or end on the way; `ended`: rows that leave the backlog so. */
const applicable = (
  transitions: readonly Transition[],
  unfinished: Unfinished,
): { readonly applied: readonly Transition[]; readonly ended: readonly UnfinishedRow[] } => {
  const ended: UnfinishedRow[] = [];
  const applied = transitions.filter(({ candidateId, state }) => {
    const isUnfinished = unfinished.has(candidateId);
    if (state.status === 'done') ended.push(...countedOf(unfinished.get(candidateId)));
    if (state.status === 'done') unfinished.delete(candidateId);
    return isUnfinished;
  });
  return { applied, ended };
};

type Moves = ReadonlyMap<CandidateId, Move>;

interface Move {
  readonly id: CandidateId;
  readonly state: CandidateState;
  readonly compileLog: string | null;
  readonly resources: KernelResources | null;
  readonly infraFailures: number;
  readonly attempt: number;
  readonly byAnswers: ByAnswers | null;
}

/** One row a candidate: where it ends, the newest compile log, infra failures and the highest attempt number on the way. */
const lastMoves = (batch: readonly Transition[]): Moves => {
  const moves = new Map<CandidateId, Move>();
  for (const { candidateId, state, compileLog, resources, infraFailure, byAnswers } of batch) {
    const before = moves.get(candidateId);
    moves.set(candidateId, {
      id: candidateId,
      state,
      compileLog: compileLog ?? before?.compileLog ?? null,
      resources: resources ?? before?.resources ?? null,
      infraFailures: (before?.infraFailures ?? 0) + (infraFailure ? 1 : 0),
      attempt: Math.max(before?.attempt ?? 0, attemptOf(state)),
      byAnswers: byAnswers ?? before?.byAnswers ?? null,
    });
  }
  return moves;
};

const attemptOf = (state: CandidateState): number => ('attemptId' in state ? attemptNumber(state.attemptId) : 0);

const MOVE = `
update kiln.candidates set
  state = move.state,
  compile_log = coalesce(move."compileLog", compile_log),
  resources = coalesce(nullif(move.resources, 'null'::jsonb), candidates.resources),
  infra_failures = infra_failures + move."infraFailures",
  last_attempt = greatest(last_attempt, move.attempt),
  by_answers = coalesce(nullif(move."byAnswers", 'null'::jsonb), candidates.by_answers),
  paused = case when move.state ->> 'status' = 'done' then null else candidates.paused end,
  updated_at = $2::timestamptz
from jsonb_to_recordset($1::jsonb) as move
  (id text, state jsonb, "compileLog" text, resources jsonb, "infraFailures" integer, attempt integer, "byAnswers" jsonb)
where candidates.id = move.id and candidates.status <> 'done'`;

/** Idempotent by attempt id. */
export const writeAttempts = async (sql: Writer, batch: readonly FinishedAttempt[]): Promise<void> => {
  if (batch.length === 0) return;
  await sql.query(INSERT_ATTEMPTS, [toJson(batch)]);
};

/** The times of an attempt that are those of its candidate's final word are copied from there: they are most of what is written of either. */
const attempting = (batch: readonly FinishedAttempt[], final: readonly Completion[]): readonly Statement[] => {
  if (batch.length === 0) return [];
  const last = new Map(final.map(({ candidateId, outcome }) => [candidateId, 'timings' in outcome ? outcome.timings : null]));
  const rows = batch.map((attempt) =>
    attempt.timings === last.get(candidateIdOf(attempt.attemptId)) ? { ...attempt, timings: null } : attempt,
  );
  return [{ text: INSERT_ATTEMPTS, params: [toJson(rows)] }];
};

const INSERT_ATTEMPTS = `
insert into kiln.attempts (
  attempt_id, candidate_id, host_id, device_id, device_model, mode, judged_by, started_at, finished_at, verdict, infra, timings, phases, telemetry)
select "attemptId", split_part("attemptId", '.', 1), "hostId", "deviceId", "deviceModel", mode, "judgedBy", "startedAt", "finishedAt", verdict, infra,
  coalesce(nullif(timings, 'null'::jsonb), (select state #> '{outcome,timings}' from kiln.candidates where id = split_part("attemptId", '.', 1))),
  nullif(phases, 'null'::jsonb), nullif(telemetry, 'null'::jsonb)
from jsonb_to_recordset($1::jsonb) as attempt (
  "attemptId" text, "hostId" text, "deviceId" text, "deviceModel" text, mode text, "judgedBy" text, "startedAt" timestamptz, "finishedAt" timestamptz,
  verdict text, infra text, timings jsonb, phases jsonb, telemetry jsonb)
on conflict (attempt_id) do nothing`;

const firstOfEach = (batch: readonly Completion[]): readonly Completion[] =>
  [...new Map(batch.toReversed().map((completion) => [completion.candidateId, completion])).values()].toReversed();

const finishing = (
  final: readonly Completion[],
  { moves, at }: { readonly moves: Moves; readonly at: string },
): readonly Statement[] => {
  if (final.length === 0) return [];
  const rows = final.map((completion) => finishOf(completion, moves.get(completion.candidateId), at));
  const records = recordsOf(final);
  return [
    { text: FINISH, params: [toJson(rows), at] },
    ...(records.length > 0 ? [{ text: SET_RECORDS, params: [toJson(records), at] }] : []),
    ...measuringAgain(final, at),
  ];
};

const finishOf = (
  { candidateId, outcome, score, compileLog, resources }: Completion,
  move: Move | undefined,
  at: string,
): object => ({
  id: candidateId,
  state: { status: 'done', outcome, finishedAt: at } satisfies CandidateState,
  score,
  compileLog: compileLog ?? move?.compileLog ?? null,
  resources: resources ?? move?.resources ?? null,
  infraFailures: move?.infraFailures ?? 0,
  attempt: move?.attempt ?? 0,
  byAnswers: move?.byAnswers ?? null,
});

const FINISH = `
update kiln.candidates set
  state = finish.state,
  score = nullif(finish.score, 'null'::jsonb),
  paused = null,
  compile_log = coalesce(finish."compileLog", compile_log),
  resources = coalesce(nullif(finish.resources, 'null'::jsonb), candidates.resources),
  infra_failures = infra_failures + finish."infraFailures",
  last_attempt = greatest(last_attempt, finish.attempt),
  by_answers = coalesce(nullif(finish."byAnswers", 'null'::jsonb), candidates.by_answers),
  updated_at = $2::timestamptz
from jsonb_to_recordset($1::jsonb) as finish
  (id text, state jsonb, score jsonb, "compileLog" text, resources jsonb, "infraFailures" integer, attempt integer, "byAnswers" jsonb)
where candidates.id = finish.id and candidates.status <> 'done'`;

/** The last record of a batch stands, as if they had been written one after another. */
const recordsOf = (final: readonly Completion[]): readonly object[] =>
  final.flatMap(({ candidateId, record, score }, order) => (record && score ? [{ id: candidateId, order }] : []));

const SET_RECORDS = `
insert into kiln.records (problem, problem_version, device_model, class, candidate_id, set_at)
select distinct on (problem, problem_version, device_model, class) problem, problem_version, device_model, ${classSql('score')} as class,
  candidates.id, $2::timestamptz
from jsonb_to_recordset($1::jsonb) as holder (id text, "order" integer) join kiln.candidates on candidates.id = holder.id
order by problem, problem_version, device_model, class, "order" desc
on conflict (problem, problem_version, device_model, class) do update set candidate_id = excluded.candidate_id, set_at = excluded.set_at`;

/** Record holders that were measured again get their refined scores; what judgements differ by stands beside the record. */
const measuringAgain = (final: readonly Completion[], at: string): readonly Statement[] => {
  const taught = final.flatMap(({ candidateId, measuredAgain }) => (measuredAgain ? [{ candidateId, ...measuredAgain }] : []));
  if (taught.length === 0) return [];
  const refined = new Map(taught.flatMap(({ holder }) => (holder ? [[holder.candidateId, holder.score] as const] : [])));
  const spreads = taught.map(({ candidateId, spread }, order) => ({ id: candidateId, order, spread }));
  return [
    { text: REFINE, params: [toJson([...refined].map(([id, score]) => ({ id, score }))), at] },
    { text: SET_SPREADS, params: [toJson(spreads)] },
  ];
};

const REFINE = `
update kiln.candidates set score = refined.score, updated_at = $2::timestamptz
from jsonb_to_recordset($1::jsonb) as refined (id text, score jsonb)
where candidates.id = refined.id and candidates.verdict = 'passed'`;

const SET_SPREADS = `
update kiln.records set spread = taught.spread
from (
  select distinct on (problem, problem_version, device_model, class) problem, problem_version, device_model, ${classSql('score')} as class, source.spread
  from jsonb_to_recordset($1::jsonb) as source (id text, "order" integer, spread jsonb) join kiln.candidates on candidates.id = source.id
  order by problem, problem_version, device_model, class, "order" desc
) as taught
where records.problem = taught.problem and records.problem_version = taught.problem_version and records.device_model = taught.device_model
  and records.class = taught.class`;

interface About {
  readonly hostId: HostId | null;
  readonly problem: string | undefined;
  readonly device: string | undefined;
}

/** Where a candidate was last, and what it is of. */
const about = (
  { candidateId }: Completion,
  { moves, unfinished }: { readonly moves: Moves; readonly unfinished: Unfinished },
): About => {
  const [row, move] = [unfinished.get(candidateId), moves.get(candidateId)];
  const hostId = move ? ('hostId' in move.state ? move.state.hostId : null) : (row?.hostId ?? null);
  return { hostId, problem: row?.problem, device: row?.device };
};

const lastEvents = (
  { candidateId, outcome, score, record, compiledBy }: Completion,
  { hostId, problem, device }: About,
): readonly NewJournalEvent[] => {
  const facts = { problem, device, ...scoreFacts(score) };
  const done: NewJournalEvent = {
    candidateId,
    hostId,
    type: 'candidate.done',
    data: { verdict: outcome.verdict, ...facts, ...(compiledBy && { compiledBy }) },
  };
  return record && score ? [done, { candidateId, hostId, type: 'candidate.record', data: facts }] : [done];
};

const scoreFacts = (score: Score | null): object =>
  score
    ? {
        deviceModel: score.deviceModel,
        speedup: score.speedup,
        timeNs: score.timeNs,
        rankKey: score.rankKey,
        ...(score.answers && { class: classOf(score) }),
      }
    : {};

/** Queues again what ended without a verdict of its own; its attempt numbers go on. Returns the ids that were. */
export const reopen = async (sql: Sql, ids: readonly CandidateId[], at: string): Promise<readonly CandidateId[]> => {
  if (ids.length === 0) return [];
  return writing(sql, async (session) => {
    const reopened = await session.query<Pick<UnfinishedRow, 'id' | 'device' | 'submitter'>>(REOPEN, [ids, at]);
    await countIn(session, reopened);
    const queued = reopened.map(
      ({ id }): NewJournalEvent => ({ type: 'candidate.queued_again', candidateId: id, hostId: null, data: {} }),
    );
    await append(session, queued, at);
    return reopened.map(({ id }) => id);
  });
};

const REOPEN = `
update kiln.candidates set state = '{"status": "queued"}'::jsonb, infra_failures = 0, updated_at = $2::timestamptz,
  library_run = library_run || jsonb_build_object('asked', (library_run ->> 'asked')::integer + 1, 'isObsolete', false)
where id = any($1::text[]) and verdict in ('cancelled', 'infra_failed')
returning id, device, submitter`;

interface UnfinishedRow {
  readonly id: CandidateId;
  readonly hostId: HostId | null;
  readonly problem: string;
  readonly device: string;
  readonly submitter: string;
  readonly isPaused: boolean;
  readonly isDone: false;
}
interface DoneRow {
  readonly id: CandidateId;
  readonly isDone: true;
}

/** Null of those that go on: nothing more need be known of them. */
type Unfinished = Map<CandidateId, UnfinishedRow | null>;

/** What is paused is not in the backlog. */
const countedOf = (row: UnfinishedRow | null | undefined): readonly UnfinishedRow[] => (row && !row.isPaused ? [row] : []);

/** Most of a batch go on, and none of them is done: the answer has no row of these. */
const unfinishedAmong = async (
  session: SqlSession,
  { transitions, completions }: Pick<Progress, 'transitions' | 'completions'>,
): Promise<Unfinished> => {
  const ends = [...transitions.filter(({ state }) => state.status === 'done'), ...completions];
  const ending = new Set(ends.map(({ candidateId }) => candidateId));
  const moving = new Set(transitions.map(({ candidateId }) => candidateId).filter((id) => !ending.has(id)));
  if (ending.size + moving.size === 0) return new Map();
  const rows = await session.query<UnfinishedRow | DoneRow>(UNFINISHED, [[...ending], [...moving]]);
  const done = new Set(rows.flatMap((row) => (row.isDone ? [row.id] : [])));
  return new Map<CandidateId, UnfinishedRow | null>([
    ...[...moving].flatMap((id): [CandidateId, null][] => (done.has(id) ? [] : [[id, null]])),
    ...rows.flatMap((row): [CandidateId, UnfinishedRow][] => (row.isDone ? [] : [[row.id, row]])),
  ]);
};

/** Of the first those that are not done, of the second those that are, or are not there. */
const UNFINISHED = `
select id, state ->> 'hostId' as "hostId", problem, device, submitter, paused is not null as "isPaused", false as "isDone"
from kiln.candidates where id = any($1::text[]) and status <> 'done'
union all
select id, null, null, null, null, null, true from unnest($2::text[]) as moving (id)
where not exists (select from kiln.candidates where candidates.id = moving.id and status <> 'done')`;
