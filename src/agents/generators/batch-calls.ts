/**
 * Calls about a batch that exists: what they tell was paid for or will be, so that trouble is waited out, with back-off, for as long as the daemon runs.
 * Only what cannot be there any more ends it.
 */
import { plainLine } from '../../platform/printable-text.ts';
import { doubledMs } from '../../platform/backoff.ts';
import { type Clock, sleep } from '../../platform/clock.ts';
import { isApiError, textOf } from './claude-client.ts';
import { retryAfterMs } from './retry.ts';
import { timeLimit } from './time-limit.ts';

const POLL_MS_MIN = 5000;
/** For so long, by the waits between them, the service says that there is no such thing, or answers what makes no sense: for less it may be a gateway. */
const HOPELESS_MS = 30 * 60_000;

export interface CallDeps {
  readonly clock: Pick<Clock, 'after'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Of one call. */
  readonly timeoutMs: number;
  /** The longest wait between two calls. */
  readonly pollMsMax: number;
}

export type Called<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'left' };

export interface Calling {
  readonly leave: AbortSignal;
  /** What is waited out, in words. */
  readonly onTrouble: (trouble: string) => void;
}

/** The service's answer was no answer to what was asked. */
export class SenselessError extends Error {}

/** Until it works, or cannot any more, or `leave` aborts. */
export const retryUntilDone = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  deps: CallDeps,
  { leave, onTrouble }: Calling,
): Promise<Called<T>> => {
  let [failures, hopelessMs] = [0, 0];
  while (!isOver(leave)) {
    try {
      return { kind: 'done', value: await within(call, deps, leave) };
    } catch (error) {
      if (isOver(leave)) break;
      const message = plainLine(
        isApiError(error)
          ? `the service answered ${error.status ?? 'nothing'}: ${error.apiMessage ?? textOf(error)}`
          : textOf(error),
      );
      failures += 1;
      if (isHopeless(error) && hopelessMs >= HOPELESS_MS) return { kind: 'lost', message };
      onTrouble(message);
      const askedMs = isApiError(error) && error.headers ? retryAfterMs(error.headers, deps.now()) : null;
      const pauseMs = Math.max(askedMs ?? 0, waitMs(failures, deps));
      hopelessMs = isHopeless(error) ? hopelessMs + pauseMs : 0;
      await sleep(pauseMs, { clock: deps.clock, signal: leave });
    }
  }
  return { kind: 'left' };
};

const isHopeless = (error: unknown): boolean =>
  (isApiError(error) && error.status === 404) || error instanceof SenselessError || error instanceof SyntaxError;

/** Asked anew each time: it changes while something is waited for. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** Before the `times`th look after the first: longer and longer, never all at once. */
export const waitMs = (times: number, { pollMsMax, random }: Pick<CallDeps, 'pollMsMax' | 'random'>): number =>
  doubledMs(times, { minMs: Math.min(POLL_MS_MIN, pollMsMax), maxMs: pollMsMax }) * (1 - SPREAD * random());

const SPREAD = 0.25;

const within = async <T>(
  call: (signal: AbortSignal) => Promise<T>,
  { clock, timeoutMs }: CallDeps,
  leave: AbortSignal,
): Promise<T> => {
  const time = timeLimit(leave, { clock, ms: timeoutMs });
  try {
    return await call(time.signal);
  } finally {
    time.end();
  }
};
