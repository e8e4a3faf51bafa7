/** Takes submissions in: checked, stored, queued, in this order, so that an accepted candidate is never lost. */
import type { z } from 'zod';
import type { SubmitAnswer, SubmitCandidate, Submitted } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId, SweepId } from '../../domain/ids.ts';
import { type Outcome, SILENT_VERDICTS } from '../../domain/outcome.ts';
import { byAnswersOf, type Candidate, type CandidateState } from '../../domain/candidate.ts';
import type { NewCandidate } from '../../domain/ports/store-rows.ts';
import { fleetClassesOf } from '../host-state.ts';
import type { AnswersSlice, ProfilesSlice } from '../state.ts';
import { createGroupCommit } from '../../platform/group-commit.ts';
import { prepareCandidate } from './prepare-candidate.ts';
import type { HostEnvironments } from './prepare-program.ts';
import { askProfiles, checkProfileWish, checkRoomForProfiles } from '../profiles/profiles.ts';
import type { Queue } from '../../domain/ports/queue.ts';
import type { SubmissionLimits } from '../deps.ts';

type Input = z.output<typeof SubmitCandidate>;
const BACKLOG_CHECK_MS = 1000;

type Addition = Parameters<Queue['add']>[0][number];

/** Profiles may be asked for with a candidate. */
type Submitting = ProfilesSlice &
  Pick<AnswersSlice, 'queue' | 'recentSubmissions' | 'isRunning' | 'onUnqueued' | 'notify' | 'wake'>;

export interface Submitter {
  submit(batch: readonly Input[], sweepId?: SweepId | null): Promise<SubmitAnswer>;
}

/** `checkRoom`: throws for a submitter that has as many candidates as it may. */
export const createSubmitter = (
  state: Submitting,
  {
    limits,
    checkRoom,
  }: { readonly limits: SubmissionLimits; readonly checkRoom: (batch: readonly NewCandidate[]) => Promise<void> },
): Submitter => {
  let backlog = { size: 0, atMs: -Infinity };
  const inserts = createGroupCommit(async (group: readonly NewCandidate[]) => state.store.insertCandidates(group));
  const additions = createGroupCommit(async (group: readonly Addition[]) => {
    // Two requests of one group may have brought the same candidate.
    await state.queue.add([...new Map(group.map((addition) => [addition.candidateId, addition])).values()]);
    return [];
  });

  const refuseWhenFull = async (adding: number): Promise<void> => {
    if (state.monotonicMs() - backlog.atMs > BACKLOG_CHECK_MS)
      backlog = { size: await unfinished(state), atMs: state.monotonicMs() };
    backlog.size += adding;
    if (backlog.size <= limits.queued) return;
    throw new KilnError(
      'QUEUE_FULL',
      `${backlog.size} candidates wait; the limit is ${limits.queued} (limits.queued in kiln.yaml). Submit again later`,
    );
  };

  const submit = async (batch: readonly Input[], sweepId: SweepId | null = null): Promise<SubmitAnswer> => {
    if (!state.isRunning()) throw new KilnError('STOPPING', 'the daemon is starting or stopping; submit again in a moment');
    const prepared = prepareBatch(state, batch, { sweepId, sourceBytesMax: limits.sourceBytes });
    await checkRivals(state, batch);
    const toProfile = [...new Set(prepared.flatMap(({ id }, index) => (batch[index]?.profile ? [id] : [])))];
    checkRoomForProfiles(state, toProfile.length);
    await refuseWhenFull(prepared.length);
    await checkRoom(prepared);
    const unique = [...new Map(prepared.map((candidate) => [candidate.id, candidate])).values()];
    const inserted = await inserts.write(unique);
    const results = new Map(unique.map((candidate, index) => [candidate.id, inserted[index]]));
    const reopened = new Set([...(await reopen(state, unique, results)), ...(await measureInFull(state, unique, results))]);
    const waiting = unique.filter(({ id }) => reopened.has(id) || results.get(id)?.state.status !== 'done');
    try {
      await additions.write(waiting.map(({ id, submission }) => ({ candidateId: id, priority: submission.priority })));
    } catch (error) {
      // Stored without a job: the submitter is told, and they are queued when the queue is back.
      state.onUnqueued();
      throw error;
    }
    for (const candidate of waiting) if (results.get(candidate.id)?.known === false) remember(state, candidate);
    for (const { submission, outcome } of unique.filter(({ id, outcome: known }) => known && results.get(id)?.known === false)) {
      if (outcome) state.metrics.onVerdict(submission.content.problem, outcome.verdict);
    }
    await askProfiles(state, toProfile, { again: false });
    state.notify();
    state.wake();
    return { candidates: prepared.map(({ id }) => answerOf(id, results.get(id), reopened.has(id))) };
  };

  return { submit };
};

/** Whoever is named as a rival must be one: the same problem and device class, and right. */
const checkRivals = async ({ store }: Pick<AnswersSlice, 'store'>, batch: readonly Input[]): Promise<void> => {
  const rivals = new Map<CandidateId, Candidate | null>();
  for (const { against, problem, device } of batch) {
    if (against === undefined) continue;
    const rival = rivals.get(against) ?? (await store.candidate(against));
    rivals.set(against, rival);
    const complaint = rival === null ? 'there is no such candidate' : rivalComplaint(rival, { problem, device });
    if (complaint !== null)
      throw new KilnError('INVALID_REQUEST', `against: ${against}: ${complaint}`, { details: { field: 'against' } });
  }
};

const rivalComplaint = (
  { submission, state, byAnswers }: Candidate,
  { problem, device }: Pick<Input, 'problem' | 'device'>,
): string | null => {
  if (submission.problem !== problem || submission.device.toLowerCase() !== device.toLowerCase())
    return `it is of ${submission.problem} on ${submission.device}; only candidates of one problem and device class are timed in pairs`;
  if (state.status !== 'done') return 'it is not judged yet: wait for its verdict';
  if (byAnswers) return 'it is judged by its answers, and their times are compared with no others';
  return state.outcome.verdict === 'passed' ? null : `it did not pass (${state.outcome.verdict}): there is nothing to compare`;
};

/** Counted by the store as they come and go: the same cost however many they are. */
const unfinished = async ({ store }: Pick<AnswersSlice, 'store'>): Promise<number> =>
  (await store.backlog()).rows.reduce((total, { count }) => total + count, 0);

/** All or nothing: a batch with one bad request is refused whole, naming its place. */
const prepareBatch = (
  state: Pick<AnswersSlice, 'problems' | 'hosts'>,
  batch: readonly Input[],
  { sweepId, sourceBytesMax }: { readonly sweepId: SweepId | null; readonly sourceBytesMax: number },
): readonly NewCandidate[] => {
  const fleetClasses = fleetClassesOf(state.hosts);
  const hosts = environmentsOf(state);
  return batch.map((input, index) => {
    try {
      const prepared = prepareCandidate(input, sweepId, { problems: state.problems, fleetClasses, sourceBytesMax, hosts });
      if (input.profile) checkProfileWish(prepared.submission);
      return prepared;
    } catch (error) {
      if (!(error instanceof KilnError) || batch.length === 1) throw error;
      throw new KilnError(error.code, `candidates[${index}].${error.message}`, {
        details: { ...error.details, index },
        cause: error,
      });
    }
  });
};

type Inserted = { readonly known: boolean; readonly state: CandidateState } | undefined;

const reopen = async (
  state: Pick<AnswersSlice, 'store'>,
  batch: readonly NewCandidate[],
  results: ReadonlyMap<CandidateId, Inserted>,
): Promise<ReadonlySet<CandidateId>> => {
  const ended = batch.filter(({ id }) => {
    const known = results.get(id)?.state;
    return known?.status === 'done' && SILENT_VERDICTS.has(known.outcome.verdict);
  });
  if (ended.length === 0) return new Set();
  return new Set(await state.store.reopen(ended.map(({ id }) => id)));
};

/** Those that somebody submitted before and that are to be timed to the end now. Returns those that were stopped early, and are judged again. */
const measureInFull = async (
  state: Pick<AnswersSlice, 'active' | 'recentSubmissions' | 'store'>,
  batch: readonly NewCandidate[],
  results: ReadonlyMap<CandidateId, Inserted>,
): Promise<readonly CandidateId[]> => {
  const asked = batch.filter(({ id, submission }) => submission.effort === 'full' && results.get(id)?.known);
  for (const { id } of asked) {
    const active = state.active.get(id);
    if (active) active.effort = 'full';
  }
  state.recentSubmissions.askInFull(asked.map(({ id }) => id));
  return asked.length === 0 ? [] : state.store.measureInFull(asked.map(({ id }) => id));
};

const remember = (state: Pick<AnswersSlice, 'recentSubmissions' | 'now'>, { id, submission }: NewCandidate): void =>
  state.recentSubmissions.put({
    id,
    submission,
    state: { status: 'queued' },
    attempts: 0,
    infraFailures: 0,
    submittedAtMs: state.now(),
    byAnswers: byAnswersOf(submission.content, null),
  });

const answerOf = (id: CandidateId, result: Inserted, wasReopened: boolean): Submitted => {
  const known = result?.known ?? false;
  if (!result || result.state.status !== 'done' || wasReopened) {
    const status = wasReopened ? 'queued' : (result?.state.status ?? 'queued');
    return { id, known: known && !wasReopened, status, verdict: null, message: wasReopened ? reopenedText(result) : null };
  }
  const { outcome } = result.state;
  return { id, known, status: 'done', verdict: outcome.verdict, message: messageOf(outcome) };
};

/** It ended before without a verdict of its content, or without all of its times, so it is not known. */
const reopenedText = (result: Inserted): string => {
  const verdict = result?.state.status === 'done' ? result.state.outcome.verdict : null;
  if (verdict === 'passed') return 'judged again: it was stopped early before';
  return `judged again: it ${verdict === 'cancelled' ? 'was cancelled' : 'failed for the hosts'} before`;
};

const messageOf = (outcome: Outcome): string | null => {
  if (outcome.verdict === 'plan_error') return `${outcome.field}: ${outcome.message}`;
  if (outcome.verdict === 'contract') return outcome.message;
  if (outcome.verdict === 'cancelled') return 'it was cancelled just now: submit it again to have it judged';
  return null;
};

/** What each host told of its environments; nothing of one that was not reached yet. */
export const environmentsOf = (state: Pick<AnswersSlice, 'hosts'>): readonly HostEnvironments[] =>
  [...state.hosts].map(([host, { inventory }]) => ({ host, environments: inventory?.environments ?? [] }));
