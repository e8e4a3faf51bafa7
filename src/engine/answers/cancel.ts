/** Cancels a candidate wherever it is: at a judge, in the scheduler, or still waiting at the queue. */
import type { CancelAnswer } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { AnswersSlice } from '../state.ts';
import { noCandidate } from './not-found.ts';

type Cancelling = Pick<AnswersSlice, 'active' | 'apply' | 'store' | 'queue' | 'notify'>;

export const cancelCandidate = async (state: Cancelling, id: CandidateId): Promise<CancelAnswer> => {
  if (cancelActive(state, id)) return { id, status: 'cancelling' };
  const candidate = await state.store.candidate(id);
  if (!candidate) throw noCandidate(id);
  if (candidate.state.status === 'done') {
    throw new KilnError(
      'ALREADY_DONE',
      `candidate ${id} is done (${candidate.state.outcome.verdict}); there is nothing to cancel`,
    );
  }
  await state.store.complete([{ candidateId: id, outcome: { verdict: 'cancelled' }, score: null, record: false }]);
  await state.queue.remove([id]);
  // It may have been leased meanwhile; then the scheduler must let it go too.
  cancelActive(state, id);
  state.notify();
  return { id, status: 'done' };
};

const cancelActive = (state: Pick<Cancelling, 'active' | 'apply'>, id: CandidateId): boolean => {
  if (!state.active.has(id)) return false;
  state.apply({ type: 'task-cancelled', id });
  return true;
};
