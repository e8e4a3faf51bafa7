/** Repeats calls that may succeed later: the daemon restarts, a queue is full. Only for calls that do no harm when they are made twice. */
import { setTimeout as pause } from 'node:timers/promises';
import { KilnError } from '../domain/errors.ts';
import { doubledMs } from '../platform/backoff.ts';

export interface RetryLimits {
  /** Failures in a row before the error is thrown. */
  readonly triesMax: number;
  readonly minMs: number;
  readonly maxMs: number;
}
/** Some minutes: a daemon that starts again is there by then. */
export const RETRY_LIMITS: RetryLimits = { triesMax: 60, minMs: 100, maxMs: 5000 };

export const retrying =
  (limits: RetryLimits) =>
  async <T>(call: () => Promise<T>): Promise<T> => {
    for (let failures = 1; ; failures += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof KilnError) || !error.retryable || failures >= limits.triesMax) throw error;
        await pause(doubledMs(failures, limits));
      }
    }
  };
