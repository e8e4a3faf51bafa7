/** Candidates that are queued once more: judged again, resumed, or with another priority. */
import type { CandidateId } from '../domain/ids.ts';
import type { StoppedSlice } from './state.ts';

/** Stored as queued already: what the queue does not take now is queued with what else is missing there. */
export const queueAgain = async (
  state: Pick<StoppedSlice, 'queue' | 'log' | 'wake' | 'onUnqueued'>,
  candidates: readonly { readonly id: CandidateId; readonly priority: number }[],
): Promise<void> => {
  try {
    await state.queue.add(candidates.map(({ id, priority }) => ({ candidateId: id, priority })));
    state.wake();
  } catch (error) {
    state.log.warn({ err: error }, 'the queue does not take what is queued again; it is queued when the queue is back');
    state.onUnqueued();
  }
};
