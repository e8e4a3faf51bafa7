/** Cancels what a sweep that is over still waits for; points that somebody else had submitted before are left to them. */
import { KilnError } from '../domain/errors.ts';
import type { SweepId } from '../domain/ids.ts';
import type { SweepJudging } from '../domain/ports/kiln.ts';
import type { SweepStore } from '../domain/ports/sweeps.ts';

const CANCELLED_AT_ONCE = 16;

export const cancelPoints = async (
  id: SweepId,
  { store, judging }: { readonly store: Pick<SweepStore, 'unfinishedOfSweep'>; readonly judging: Pick<SweepJudging, 'cancel'> },
): Promise<void> => {
  const waiting = [...(await store.unfinishedOfSweep(id))];
  for (let from = 0; from < waiting.length; from += CANCELLED_AT_ONCE)
    await Promise.all(waiting.slice(from, from + CANCELLED_AT_ONCE).map(async (one) => cancelUnlessDone(judging, one)));
};

const cancelUnlessDone = async (
  judging: Pick<SweepJudging, 'cancel'>,
  id: Parameters<SweepJudging['cancel']>[0],
): Promise<void> => {
  try {
    await judging.cancel(id);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'ALREADY_DONE') throw error;
  }
};
