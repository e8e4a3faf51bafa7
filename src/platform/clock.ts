/**
 * The two clocks. The wall clock can jump (NTP, a suspended machine, an administrator): it is for stamps that people and other machines read.
 * How long something took or may take, ages and deadlines are differences of the monotonic one. Nothing else in src asks the wall clock.
 */

/** Milliseconds since 1970. */
export const wallClockMs = (): number => Date.now();

/** ISO 8601, by the wall clock. */
export const wallClockStamp = (): string => new Date(wallClockMs()).toISOString();

/** Milliseconds that never jump, from an arbitrary beginning. */
export const monotonicMs = (): number => performance.now();

/** Time as those see it whose tests bring their own. */
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

/** Resolves after `ms`, or at once when `signal` aborts. */
export const sleep = async (
  ms: number,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
): Promise<void> => {
  if (signal.aborted || ms <= 0) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
};
