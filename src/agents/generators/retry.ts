/** When a request to a service is sent again: exponential backoff with full jitter, or as long as the service asked for. */
import { doubledMs } from '../../platform/backoff.ts';
import { type Clock, sleep } from '../../platform/clock.ts';

export interface RetryLimits {
  /** Requests in all. */
  readonly triesMax: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A service that asks for more is given up for now. */
  readonly retryAfterMsMax: number;
}

export const RETRY_LIMITS: RetryLimits = { triesMax: 6, backoffMsMin: 1000, backoffMsMax: 60_000, retryAfterMsMax: 120_000 };

/** `again`: nothing was billed, and the same may work later. `afterMs`: as the service asked, or null. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'again'; readonly afterMs: number | null; readonly why: string };

export interface RetryDeps {
  readonly clock: Pick<Clock, 'after'>;
  /** 0 to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly limits: RetryLimits;
}

/** The last `why` where it never got done; `value` where it did. Ends early when `signal` aborts. */
export const withRetries = async <T>(
  request: () => Promise<Attempt<T>>,
  { clock, random, signal, limits }: RetryDeps,
): Promise<{ readonly value: T } | { readonly gaveUp: string }> => {
  for (let tries = 1; ; tries += 1) {
    const attempt = await request();
    if (attempt.kind === 'done') return { value: attempt.value };
    const { afterMs, why } = attempt;
    if (afterMs !== null && afterMs > limits.retryAfterMsMax) {
      return { gaveUp: `${why}; it asks to be left alone for ${Math.ceil(afterMs / 1000)} s` };
    }
    if (tries >= limits.triesMax) return { gaveUp: `${why}; ${tries} tries, the last one just now` };
    await sleep(afterMs ?? backoffMs(tries, random, limits), { clock, signal });
    if (signal.aborted) return { gaveUp: why };
  }
};

/** After `tries` in vain. */
export const backoffMs = (
  tries: number,
  random: () => number,
  { backoffMsMin, backoffMsMax }: Pick<RetryLimits, 'backoffMsMin' | 'backoffMsMax'>,
): number => Math.ceil(random() * doubledMs(tries, { minMs: backoffMsMin, maxMs: backoffMsMax }));

const MS_A_SECOND = 1000;

/** Of `retry-after-ms` or `retry-after` (seconds, or a date), milliseconds; null where there is none that can be read. */
export const retryAfterMs = (headers: Headers, nowEpochMs: number): number | null => {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const text = headers.get('retry-after');
  if (text === null) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * MS_A_SECOND);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowEpochMs);
};

/** Too many requests, overload, a timeout on the way, or the service's own trouble: the same request may work later. */
export const isPassing = (status: number): boolean => status === 408 || status === 409 || status === 429 || status >= 500;
