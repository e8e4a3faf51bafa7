/** Cancels what a sweep that is over still waits for; points that somebody else had submitted before are left to them. */
import { SELECTED_IDS_MAX } from '../domain/api/steering.ts';
import type { SweepId } from '../domain/ids.ts';
import type { SweepJudging } from '../domain/ports/kiln.ts';
import type { SweepStore } from '../domain/ports/sweeps.ts';

export const cancelPoints = async (
  id: SweepId,
  { store, judging }: { readonly store: Pick<SweepStore, 'unfinishedOfSweep'>; readonly judging: Pick<SweepJudging, 'steer'> },
): Promise<void> => {
  const waiting = await store.unfinishedOfSweep(id);
  for (let from = 0; from < waiting.length; from += SELECTED_IDS_MAX)
    await judging.steer('cancel', { select: { ids: waiting.slice(from, from + SELECTED_IDS_MAX) }, dryRun: false });
};
