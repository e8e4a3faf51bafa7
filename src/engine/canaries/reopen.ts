/** Verdicts in doubt are taken back, and their candidates queued again. */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Doubt } from '../../domain/ports/store.ts';
import type { CanariesSlice } from '../state.ts';
import { takeBack } from '../take-back.ts';

/** After the store or the queue could not be reached. */
const RETRY_MS = 1_000;

/** Idempotent: taken up again at the next start where it was cut off. */
export const reopenAll = async (state: CanariesSlice, doubt: Doubt): Promise<void> => {
  for (;;) {
    try {
      // The commit that this follows has its own jobs to end first.
      await turn();
      const count = await takeBack(state, async () => state.store.reopenDoubted(doubt));
      if (count === 0) return;
      state.log.warn({ ...doubt, candidates: count }, 'verdicts were taken back; they are judged again');
    } catch (error) {
      if (!state.isRunning()) return;
      state.log.error({ err: error, ...doubt }, 'verdicts in doubt could not be taken back; it is tried again');
      await pause(RETRY_MS, undefined, { ref: false });
    }
  }
};
