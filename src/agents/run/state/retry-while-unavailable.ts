/** Retries while something is unavailable that will be there again: a store or a queue, or room in a full queue. */
import { KilnError } from '../../../domain/errors.ts';
import { doubledMs } from '../../../platform/backoff.ts';
import { retry } from '../../../platform/retry.ts';

const BACKOFF = { minMs: 100, maxMs: 5000 };

export interface RetryOptions {
  /** Ends the waiting: the work's error is thrown. */
  readonly signal: AbortSignal;
  /** What is waited for, in words; null once it is over. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** Tries until it works, or the error is one that another try does not help, or `signal` aborts. */
export const retryWhileUnavailable = async <T>(work: () => Promise<T>, { signal, onTrouble }: RetryOptions): Promise<T> => {
  let failures = 0;
  const result = await retry(work, {
    mayHelp: (error) => {
      if (!(error instanceof KilnError) || !error.retryable) return false;
      failures += 1;
      onTrouble(error.message);
      return true;
    },
    waitMs: (times) => doubledMs(times, BACKOFF),
    signal,
  });
  if (failures > 0) onTrouble(null);
  return result;
};
