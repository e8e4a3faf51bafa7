/** Verdicts that are taken back: their candidates are queued again, and records that they held are another's or nobody's. */
import type { Reopened } from '../domain/ports/store.ts';
import { queueAgain } from './queue-again.ts';
import type { CanariesSlice } from './state.ts';

export type TakingBack = Pick<
  CanariesSlice,
  'jobsEnded' | 'recordHolders' | 'fronts' | 'metrics' | 'queue' | 'log' | 'wake' | 'onUnqueued' | 'notify'
>;

/** `reopen`: in the store. Returns how many were. */
export const takeBack = async (state: TakingBack, reopen: () => Promise<Reopened>): Promise<number> => {
  // A queue job that is just being ended would take the new one with it.
  await state.jobsEnded();
  const { candidates, records } = await reopen();
  for (const { holder, ...key } of records) state.recordHolders.set(key, holder);
  state.fronts.onTakenBack(candidates.map(({ id }) => id));
  state.metrics.onReopened(candidates.length);
  if (candidates.length > 0) await queueAgain(state, candidates);
  state.notify();
  return candidates.length;
};
