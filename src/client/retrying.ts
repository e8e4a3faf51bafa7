/** Repeats calls that may succeed later: the daemon restarts, a queue is full. Only for calls that do no harm when they are made twice. */
import { KilnError } from '../domain/errors.ts';
import { doubledMs } from '../platform/backoff.ts';
import { retry } from '../platform/retry.ts';

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
  async <T>(call: () => Promise<T>): Promise<T> =>
    retry(call, {
      mayHelp: (error, failures) => error instanceof KilnError && error.retryable && failures < limits.triesMax,
      waitMs: (failures) => doubledMs(failures, limits),
    });
