/** From a leased id to an active candidate that the scheduler knows, or to the end of its job. */
import { wantedLabels } from '../../domain/hosts/environment-label.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Unfinished } from '../../domain/ports/store-rows.ts';
import type { JudgeMode, SchedulerEvent, Task } from '../../scheduler/events.ts';
import { createActiveCandidate } from '../active-candidates.ts';
import type { Attempt } from '../active-candidates.ts';
import { targetOf } from '../../problems/targets.ts';
import type { LeasingSlice } from '../state.ts';

/**
 * Hands leased ids to the scheduler; ends the jobs of those whose verdict the store knows already. `mayHaveAttempts`: which of those read from
 * the store a host may know under attempts that were never written down.
 */
export const admit = async (
  state: LeasingSlice,
  ids: readonly CandidateId[],
  mayHaveAttempts: (item: Unfinished) => boolean,
): Promise<void> => {
  if (ids.length === 0) return;
  const recent = state.recentSubmissions.take(ids);
  const known = new Set(recent.map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  const read = unknown.length > 0 ? await state.store.pending(unknown) : [];
  await state.versions.recall([...recent, ...read].map(({ submission }) => submission.content));
  const pending = new Set(read.map(({ id }) => id));
  const done = unknown.filter((id) => !pending.has(id));
  if (done.length > 0) await state.queue.discard(done);
  for (const item of recent) admitOne(state, item);
  for (const item of read) admitOne(state, mayHaveAttempts(item) ? withoutUnwritten(item) : item);
};

/**
 * A host may know attempts that were sent in the last moments before a crash and never written down. New attempts start this much
 * further on, so that no id is given out twice.
 */
const UNWRITTEN_ATTEMPTS = 10;

const withoutUnwritten = (item: Unfinished): Unfinished => ({ ...item, attempts: item.attempts + UNWRITTEN_ATTEMPTS });

const admitOne = (state: LeasingSlice, item: Unfinished): void => {
  if (state.active.has(item.id)) return;
  const { content } = item.submission;
  const loaded = state.versions.of(content);
  if (!loaded) return refuseChanged(state, item);
  const candidate = createActiveCandidate(item.id, item.submission, loaded, {
    nowMs: state.monotonicMs(),
    byAnswers: item.byAnswers,
  });
  const event = eventOf(item, loaded.environments(targetOf(content.device)));
  if (event.type === 'task-adopted') candidate.attempts.set(event.attemptId, adoptedAttempt(event.mode, item.byAnswers !== null));
  candidate.isScreened = event.type === 'task-adopted' ? event.mode === 'confirm' : event.confirmOn !== undefined;
  state.active.set(item.id, candidate);
  state.apply(event);
};

/** Given to its host by an earlier life of the daemon, which knew whom it was paired with. */
const adoptedAttempt = (mode: JudgeMode, isByAnswers: boolean): Attempt => ({
  mode,
  isByAnswers,
  pairedWith: undefined,
  madeBy: null,
  artifacts: [],
  evaluation: null,
});

/** Judging it by other rules than it was submitted under would give a wrong place in a ranking. */
const refuseChanged = (state: LeasingSlice, { id, submission }: Unfinished): void => {
  const message = `the version of problem "${submission.content.problem}" that this was submitted for is not known any more; submit it again`;
  state.writeBehind.add({
    type: 'completion',
    completion: { candidateId: id, outcome: { verdict: 'infra_failed', message }, score: null, record: false },
  });
};

const eventOf = (
  item: Unfinished,
  environments: readonly string[],
): Extract<SchedulerEvent, { type: 'task-added' | 'task-adopted' }> => {
  const { state } = item;
  const task = taskOf(item, environments);
  const confirmOn = 'confirmOn' in state ? state.confirmOn : undefined;
  if (state.status !== 'judging' && state.status !== 'confirming')
    return { type: 'task-added', task, ...(confirmOn !== undefined && { confirmOn }) };
  const mode = state.status === 'judging' ? 'screen' : 'confirm';
  const { hostId, deviceId, attemptId } = state;
  const known = { hostId, deviceId, attemptId, mode, screened: null } as const;
  return { type: 'task-adopted', task, ...known, ...(confirmOn !== undefined && { deviceModel: confirmOn }) };
};

const taskOf = (
  { id, submission, attempts, infraFailures, submittedAtMs }: Unfinished,
  environments: readonly string[],
): Task => ({
  id,
  device: submission.content.device,
  labels: wantedLabels(submission, environments),
  language: submission.content.language,
  priority: submission.priority,
  submitter: submission.submitter,
  queuedAtMs: submittedAtMs,
  attempts,
  infraFailures,
});
