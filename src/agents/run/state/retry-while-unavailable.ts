/** Retries while something is unavailable that will be there again: a store or a queue, or room in a full queue. */
import { setTimeout as wait } from 'node:timers/promises';
import { KilnError } from '../../../domain/errors.ts';

const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 5000;
const GROWTH = 2;

export interface RetryOptions {
  /** Ends the waiting: the work's error is thrown. */
  readonly signal: AbortSignal;
  /** What is waited for, in words; null once it is over. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** Tries until it works, or the error is one that another try does not help, or `signal` aborts. */
export const retryWhileUnavailable = async <T>(work: () => Promise<T>, { signal, onTrouble }: RetryOptions): Promise<T> => {
  for (let waitMs = WAIT_MS_MIN, isTroubled = false; ; waitMs = Math.min(WAIT_MS_MAX, waitMs * GROWTH), isTroubled = true) {
    try {
      const result = await work();
      if (isTroubled) onTrouble(null);
      return result;
    } catch (error) {
      if (signal.aborted || !(error instanceof KilnError) || !error.retryable) throw error;
      onTrouble(error.message);
      await waitUnless(signal, waitMs);
    }
  }
};

/** Ends early, without an error, when `signal` aborts. */
const waitUnless = async (signal: AbortSignal, ms: number): Promise<void> => {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};
