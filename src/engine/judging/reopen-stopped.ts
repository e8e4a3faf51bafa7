/** Candidates that were stopped early are judged again where the front of their ranking came within their reach, or where somebody asks for it. */
import type { FrontKey } from '../../domain/ports/store.ts';
import { neededOf } from '../../domain/ranking/front.ts';
import { queueAgain } from '../queue-again.ts';
import type { StoppedSlice } from '../state.ts';

/** Looks at rankings in doubt, now and then: `onTick` at most every so often, one look at a time. */
const EVERY_MS = 1000;

export interface StoppedReview {
  onTick(nowMs: number): void;
}

export const createStoppedReview = (state: StoppedSlice): StoppedReview => {
  let isLooking = false;
  let lookedAtMs = -Infinity;
  return {
    onTick: (nowMs) => {
      if (isLooking || nowMs - lookedAtMs < EVERY_MS || state.fronts.doubted().length === 0) return;
      isLooking = true;
      void reviewAll(state).finally(() => {
        lookedAtMs = state.monotonicMs();
        isLooking = false;
      });
    },
  };
};

const reviewAll = async (state: StoppedSlice): Promise<void> => {
  for (const key of state.fronts.doubted()) {
    try {
      await review(state, key);
    } catch (error) {
      if (state.isRunning())
        state.log.warn({ err: error, ...key }, 'could not look for candidates to judge again; it is tried again');
      return;
    }
  }
};

const review = async (state: StoppedSlice, key: FrontKey): Promise<void> => {
  // A queue job that is just being ended would take the new one with it.
  await state.jobsEnded();
  // First, so that a doubt which comes while the store is asked stays.
  state.fronts.trust(key);
  try {
    if (await reopen(state, key)) state.fronts.doubt(key);
  } catch (error) {
    state.fronts.doubt(key);
    throw error;
  }
};

/** Whether the store is to be asked once more. */
const reopen = async (state: StoppedSlice, key: FrontKey): Promise<boolean> => {
  const front = await state.fronts.read(key);
  const { isWaiting, candidates } = await state.store.reopenInReach(key, neededOf(front, state.fronts.places));
  if (isWaiting) return true;
  if (candidates.length === 0) return false;
  state.metrics.onReopened(candidates.length);
  state.log.info(
    { ...key, candidates: candidates.length },
    'candidates that were stopped early are judged again: the front is within their reach',
  );
  await queueAgain(state, candidates);
  state.notify();
  return true;
};
