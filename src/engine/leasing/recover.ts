/** After a start: takes back what an earlier life of this daemon, or the daemon before it, still held. */
import type { CandidateId } from '../../domain/ids.ts';
import type { LeasingSlice } from '../state.ts';
import { admitOne, withoutUnwritten } from './admission.ts';

const PAGE = 1000;
/** Adopted jobs go to the scheduler at once; looking for what has no job (lost-jobs.ts) goes on behind the first work. */
export const recover = async (state: LeasingSlice): Promise<void> => {
  const adopted = (await state.queue.adopt()).map(({ candidateId }) => candidateId);
  for (let from = 0; from < adopted.length; from += PAGE) await takeBack(state, adopted.slice(from, from + PAGE));
  if (adopted.length > 0) state.log.info({ candidates: adopted.length }, 'took back candidates of the last run');
};

const takeBack = async (state: LeasingSlice, ids: readonly CandidateId[]): Promise<void> => {
  const pending = await state.store.pending(ids);
  for (const item of pending) admitOne(state, withoutUnwritten(item));
  const unfinished = new Set(pending.map(({ id }) => id));
  const done = ids.filter((id) => !unfinished.has(id));
  if (done.length > 0) await state.queue.discard(done);
};
