/** Cancels a candidate wherever it is: at a judge, in the scheduler, or still waiting at the queue. */
import type { CancelAnswer } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { EngineState } from '../state.ts';
import { noCandidate } from './not-found.ts';

export const cancelCandidate = async (state: EngineState, id: CandidateId): Promise<CancelAnswer> => {
  if (cancelActive(state, id)) return { id, status: 'cancelling' };
  const record = await state.store.candidate(id);
  if (!record) throw noCandidate(id);
  if (record.state.status === 'done') {
    throw new KilnError('ALREADY_DONE', `candidate ${id} is done (${record.state.outcome.verdict}); there is nothing to cancel`);
  }
  await state.store.complete([{ candidateId: id, outcome: { verdict: 'cancelled' }, score: null, record: false }]);
  await state.queue.remove([id]);
  // It may have been leased meanwhile; then the scheduler must let it go too.
  cancelActive(state, id);
  state.notify();
  return { id, status: 'done' };
};

const cancelActive = (state: EngineState, id: CandidateId): boolean => {
  if (!state.active.has(id)) return false;
  state.apply({ type: 'task-cancelled', id });
  return true;
};
