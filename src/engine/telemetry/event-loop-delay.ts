/**
 * How long the event loop was held now and then: while a store flush, a big answer or the garbage collector has the event loop, results
 * wait unread. Devices need work queued for as long, as they do for the round trip.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
const WINDOW_MS = 10_000;
const QUANTILE = 99;
/** Until the first window is full: a start is the busiest time. */
const DEFAULT_MS = 50;
/** A machine that was suspended must not make queues of minutes. */
const DELAY_MS_MAX = 500;
const NS_PER_MS = 1e6;

export interface EventLoopDelay {
  /** A delay that only one in a hundred moments of the last windows exceeded, milliseconds. */
  typicalMs(nowMs: number): number;
  stop(): void;
}

export const watchEventLoopDelay = (): EventLoopDelay => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let window = { startedMs: 0, beforeMs: DEFAULT_MS };
  // The histogram's samples are whole timer periods.
  const measured = (): number => Math.min(DELAY_MS_MAX, Math.max(0, histogram.percentile(QUANTILE) / NS_PER_MS - RESOLUTION_MS));
  return {
    typicalMs: (nowMs) => {
      if (window.startedMs === 0) window = { ...window, startedMs: nowMs };
      if (nowMs - window.startedMs > WINDOW_MS) {
        window = { startedMs: nowMs, beforeMs: measured() };
        histogram.reset();
      }
      return histogram.count === 0 ? window.beforeMs : Math.max(window.beforeMs, measured());
    },
    stop: () => void histogram.disable(),
  };
};
