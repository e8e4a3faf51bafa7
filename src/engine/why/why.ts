/** GET /v1/candidates/:id/why: gathers what is known of a candidate, also while store or queue do not answer. */
import type { Why } from '../../domain/api/why.ts';
import { KilnError } from '../../domain/errors.ts';
import { wantedLabels } from '../../domain/hosts/environment-label.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { poolViews, taskView } from '../../scheduler/scheduler.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import { targetOf } from '../../problems/targets.ts';
import type { WhySlice } from '../state.ts';
import { fleetClassesOf } from '../host-state.ts';
import { compileOf, hostsOf } from './hosts.ts';
import { whyOf } from './reasons.ts';
import type { WhyCandidate, WhyQueue, WhyView } from './view.ts';

/** Further ones are not counted. */
const BEFORE_MAX = 100_000;

/** Throws NOT_FOUND for an id that nobody submitted, STORE_UNAVAILABLE where that cannot be told. */
export const whyCandidate = async (state: WhySlice, id: CandidateId): Promise<Why> => {
  const { record, failure } = await recordOf(state, id);
  const active = state.active.get(id) ?? null;
  const known = record ? ofRecord(record) : active && ofActive(active);
  // What was found out in the last moments is not written yet.
  const candidate = known && active ? { ...known, labels: labelsOf(active), byAnswers: active.byAnswers } : known;
  if (!candidate) throw failure === null ? notThere(id) : cannotTell(id, failure);
  const task = taskView(state.core, id);
  const isOutside = task === null && candidate.outcome === null && failure === null;
  return whyOf({
    id,
    nowMs: state.monotonicMs(),
    candidate,
    problem: isOutside ? await problemOf(state, id, candidate) : 'same',
    task,
    pools: (task?.pools ?? poolViews(state.core, candidate.device)).filter(
      ({ bookedFor }) => bookedFor === null || bookedFor === candidate.submitter,
    ),
    compile: active && compileOf(state, active),
    hosts: hostsOf(state),
    classes: fleetClassesOf(state.hosts),
    queue: isOutside ? await queueOf(state, id) : null,
    storeFailure: failure ?? state.writeBehind.writeFailure(),
  });
};

const labelsOf = ({ submission, loaded }: ActiveCandidate): readonly string[] =>
  wantedLabels(submission, loaded.environments(targetOf(submission.content.device)));

const notThere = (id: CandidateId): KilnError =>
  new KilnError('NOT_FOUND', `there is no candidate ${id}: nobody submitted it to this daemon; kiln list shows those there are`);

const cannotTell = (id: CandidateId, failure: string): KilnError =>
  new KilnError(
    'STORE_UNAVAILABLE',
    `the store does not answer, and ${id} is not in memory: it cannot be told why it waits (${failure})`,
  );

const recordOf = async (
  { store }: WhySlice,
  id: CandidateId,
): Promise<{ readonly record: Candidate | null; readonly failure: string | null }> => {
  try {
    return { record: await store.candidate(id), failure: null };
  } catch (error) {
    return { record: null, failure: error instanceof Error ? error.message : String(error) };
  }
};

const ofRecord = ({ state, submission, paused, byAnswers }: Candidate): WhyCandidate => ({
  ...submission,
  byAnswers,
  status: state.status,
  outcome: state.status === 'done' ? state.outcome : null,
  paused,
});

/** As far as memory knows it: the store does not answer. */
const ofActive = ({ submission, stage, byAnswers }: ActiveCandidate): WhyCandidate => ({
  ...submission,
  ...submission.content,
  byAnswers,
  status: stage.name,
  outcome: null,
  paused: null,
});

const problemOf = async (state: WhySlice, id: CandidateId, candidate: WhyCandidate): Promise<WhyView['problem']> => {
  const [row] = await state.store.selected({ select: { ids: [id] }, isDone: false, after: null, limit: 1 });
  if (!row) return state.problems.has(candidate.problem) ? 'same' : 'removed';
  await state.versions.recall([row]);
  if (state.versions.of(row)) return 'same';
  return state.problems.has(candidate.problem) ? 'changed' : 'removed';
};

const queueOf = async ({ queue, store }: WhySlice, id: CandidateId): Promise<WhyQueue> => {
  const before = await store.countBefore(id, BEFORE_MAX);
  try {
    return { failure: null, hasJob: (await queue.missing([id])).length === 0, before };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error), hasJob: true, before };
  }
};
