/** Verdicts in doubt are taken back, and their candidates queued again. */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Doubt } from '../../domain/ports/store.ts';
import { queueAgain } from '../queue-again.ts';
import type { CanariesSlice } from '../state.ts';

/** After the store or the queue could not be reached. */
const RETRY_MS = 1_000;

/** Idempotent: taken up again at the next start where it was cut off. */
export const reopenAll = async (state: CanariesSlice, doubt: Doubt): Promise<void> => {
  for (;;) {
    try {
      // The commit that this follows has its own jobs to end first.
      await turn();
      // A queue job that is just being ended would take the new one with it.
      await state.jobsEnded();
      const { candidates, records } = await state.store.reopenDoubted(doubt);
      if (candidates.length === 0) return;
      for (const { holder, ...key } of records) state.recordHolders.set(key, holder);
      state.fronts.onTakenBack(candidates.map(({ id }) => id));
      state.metrics.onReopened(candidates.length);
      state.log.warn({ ...doubt, candidates: candidates.length }, 'verdicts were taken back; they are judged again');
      await queueAgain(state, candidates);
      state.notify();
    } catch (error) {
      if (!state.isRunning()) return;
      state.log.error({ err: error, ...doubt }, 'verdicts in doubt could not be taken back; it is tried again');
      await pause(RETRY_MS, undefined, { ref: false });
    }
  }
};
