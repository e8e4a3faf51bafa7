import { monotonicMs, wallClockMs } from '../platform/clock.ts';

/** Time as the host sessions see it; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970, for what people and other programs read. */
  readonly now: () => number;
  /** Milliseconds that never jump, for differences. */
  readonly monotonic: () => number;
  /** Calls `act` once after `ms`; the returned function cancels it. */
  readonly after: (ms: number, act: () => void) => () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: wallClockMs,
  monotonic: monotonicMs,
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};
