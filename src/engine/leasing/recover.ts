/** After a start: takes back what an earlier life of this daemon, or the daemon before it, still held. */
import type { LeasingSlice } from '../state.ts';
import { admit } from './admission.ts';

const PAGE = 1000;
/** Adopted jobs go to the scheduler at once; looking for what has no job (lost-jobs.ts) goes on behind the first work. */
export const recover = async (state: LeasingSlice): Promise<void> => {
  const adopted = (await state.queue.adopt()).map(({ candidateId }) => candidateId);
  for (let from = 0; from < adopted.length; from += PAGE) await admit(state, adopted.slice(from, from + PAGE), () => true);
  if (adopted.length > 0) state.log.info({ candidates: adopted.length }, 'took back candidates of the last run');
};
