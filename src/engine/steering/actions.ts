/** What is done to a page of candidates: the store first, since it is what a restart goes by; then the queue, then the scheduler. */
import type { Steering } from '../../domain/api/steering.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { SelectedCandidate } from '../../domain/ports/store-rows.ts';
import { onVerdicts } from '../profiles/profiles.ts';
import { queueAgain } from '../queue-again.ts';
import type { SteeringSlice } from '../state.ts';
import { takeBack } from '../take-back.ts';

type Page = readonly SelectedCandidate[];

export interface Change {
  readonly reason: string | null;
  /** Of `reprioritise`. */
  readonly priority: number;
}

export const ACTIONS: Readonly<Record<Steering, (state: SteeringSlice, page: Page, change: Change) => Promise<void>>> = {
  cancel: async (state, page) => cancel(state, idsOf(page)),
  pause: async (state, page, { reason }) => pause(state, idsOf(page), reason),
  resume: async (state, page, { reason }) => resume(state, page, reason),
  reprioritise: async (state, page, change) => reprioritise(state, page, change),
  rejudge: async (state, page, { reason }) =>
    void (await takeBack(state, async () => state.store.rejudge(idsOf(page), reason ?? ''))),
};

const idsOf = (page: Page): readonly CandidateId[] => page.map(({ id }) => id);

const cancel = async (state: SteeringSlice, ids: readonly CandidateId[]): Promise<void> => {
  const outside = ids.filter((id) => !state.active.has(id));
  for (const id of ids) if (state.active.has(id)) state.apply({ type: 'task-cancelled', id });
  const cancelled = { outcome: { verdict: 'cancelled' }, score: null, record: false } as const;
  await state.store.complete(outside.map((candidateId) => ({ candidateId, ...cancelled })));
  await removeJobs(state, outside);
  onVerdicts(state, outside);
};

const pause = async (state: SteeringSlice, ids: readonly CandidateId[], reason: string | null): Promise<void> => {
  await state.store.pause(ids, reason);
  state.recentSubmissions.take(ids);
  await removeJobs(
    state,
    ids.filter((id) => !state.active.has(id)),
  );
  for (const id of ids) state.apply({ type: 'task-paused', id });
};

/** What a device still has is taken out of its pause first: released after that, it has no job, and gets one. */
const resume = async (state: SteeringSlice, page: Page, reason: string | null): Promise<void> => {
  const ids = idsOf(page);
  for (const id of ids) state.apply({ type: 'task-unpaused', id });
  await state.store.unpause(ids, reason);
  await queueAgain(state, page);
};

/** The queue leases by what it was told: a job that waits is added anew. */
const reprioritise = async (state: SteeringSlice, page: Page, { priority, reason }: Change): Promise<void> => {
  const ids = idsOf(page);
  await state.store.reprioritise(ids, { priority, reason });
  state.recentSubmissions.take(ids);
  for (const id of ids) state.apply({ type: 'task-reprioritised', id, priority });
  const waiting = page.filter(({ id, isPaused }) => !isPaused && !state.active.has(id));
  await removeJobs(state, idsOf(waiting));
  await queueAgain(
    state,
    waiting.map(({ id }) => ({ id, priority })),
  );
};

/** What stays in the queue ends when it is leased: the store has nothing to do for it. */
const removeJobs = async ({ queue, log }: SteeringSlice, ids: readonly CandidateId[]): Promise<void> =>
  queue
    .remove(ids)
    .catch((error: unknown) =>
      log.warn({ err: error }, 'jobs could not be removed from the queue; they end when they are leased'),
    );
