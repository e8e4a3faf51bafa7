/** One limiter for all agents of a generator: first come, first served, so that nobody waits for ever behind smaller requests. */
import type { RateLimits } from '../../domain/campaign/generator-settings.ts';
import type { Clock } from '../../platform/clock.ts';
import { createRateBuckets, type Demand, KINDS, type RateBuckets, type RateKind } from './rate-buckets.ts';

/** As many as there can be agents in a few campaigns; more than that is a defect of the caller. */
const WAITING_MAX = 50_000;

export interface RateLimiter {
  /** Waits for its turn; null when `signal` aborted first, and then nothing was taken. */
  acquire(demand: Demand, signal: AbortSignal): Promise<Permit | null>;
  /** The service asked to be left alone for so long. */
  pauseMs(ms: number): void;
  /** Learns from the headers of a response. */
  learn(headers: Headers): void;
  /** Requests that wait for their turn. */
  readonly waiting: number;
}

export interface Permit {
  /** To be called once, with what it came to. */
  correct(actual: Demand): void;
}

interface Waiter {
  readonly demand: Demand;
  readonly admit: () => void;
}

export const createRateLimiter = (limits: RateLimits, clock: Omit<Clock, 'now'>): RateLimiter => {
  const buckets = createRateBuckets(limits, clock.monotonic());
  // A set keeps the order of arrival, and lets anybody leave.
  const waiters = new Set<Waiter>();
  let cancelTimer = nothing;

  /** Admits from the front as long as the buckets allow, then comes back when they may allow the next one. */
  const dispatcher = (): void => {
    cancelTimer();
    cancelTimer = nothing;
    for (const waiter of waiters) {
      const waitMs = buckets.take(waiter.demand, clock.monotonic());
      if (waitMs > 0) {
        cancelTimer = clock.after(waitMs, dispatcher);
        return;
      }
      waiters.delete(waiter);
      waiter.admit();
    }
  };

  return {
    acquire: async (demand, signal) => {
      if (signal.aborted || waiters.size >= WAITING_MAX) return null;
      const isAdmitted = await turn({ demand, signal, waiters, dispatcher });
      return isAdmitted ? permit(demand, { buckets, clock, dispatcher }) : null;
    },
    pauseMs: (ms) => buckets.pause(clock.monotonic() + ms),
    learn: (headers) => {
      for (const kind of KINDS) {
        const seen = { limit: numberOf(headers, kind, 'limit'), remaining: numberOf(headers, kind, 'remaining') };
        buckets.observe(kind, seen, clock.monotonic());
      }
    },
    get waiting() {
      return waiters.size;
    },
  };
};

const nothing = (): void => undefined;

interface Turn {
  readonly demand: Demand;
  readonly signal: AbortSignal;
  readonly waiters: Set<Waiter>;
  readonly dispatcher: () => void;
}

const turn = async ({ demand, signal, waiters, dispatcher }: Turn): Promise<boolean> =>
  new Promise((resolve) => {
    const waiter: Waiter = {
      demand,
      admit: () => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      },
    };
    const leave = (): void => {
      waiters.delete(waiter);
      signal.removeEventListener('abort', leave);
      resolve(false);
      // Whoever stood behind it may go now.
      dispatcher();
    };
    signal.addEventListener('abort', leave);
    waiters.add(waiter);
    if (waiters.size === 1) dispatcher();
  });

interface Permitting {
  readonly buckets: RateBuckets;
  readonly clock: Omit<Clock, 'now'>;
  readonly dispatcher: () => void;
}

const permit = (taken: Demand, { buckets, clock, dispatcher }: Permitting): Permit => {
  let isCorrected = false;
  return {
    correct: (actual) => {
      if (isCorrected) return;
      isCorrected = true;
      buckets.correct(taken, actual, clock.monotonic());
      dispatcher();
    },
  };
};

const HEADERS: Readonly<Record<RateKind, string>> = {
  requests: 'requests',
  inputTokens: 'input-tokens',
  outputTokens: 'output-tokens',
};

const numberOf = (headers: Headers, kind: RateKind, what: 'limit' | 'remaining'): number | null => {
  const value = Number(headers.get(`anthropic-ratelimit-${HEADERS[kind]}-${what}`) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
};
