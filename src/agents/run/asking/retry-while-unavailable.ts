/** Waits out trouble that passes: a store or a queue that is away, a queue that is full. */
import { setTimeout as wait } from 'node:timers/promises';
import { KilnError } from '../../../domain/errors.ts';

const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 5000;
const GROWTH = 2;

export interface Patience {
  /** Ends the waiting: the work's error is thrown. */
  readonly signal: AbortSignal;
  /** What is waited for, in words; null once it is over. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** Tries until it works, or the error is one that trying again does not mend, or `signal` aborts. */
export const patiently = async <T>(work: () => Promise<T>, { signal, onTrouble }: Patience): Promise<T> => {
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
