/** Verdicts a second over the last minute, or over the daemon's life where that is shorter. */
const WINDOW_MS = 60_000;
/** One verdict alone says nothing of a rate: it counts as if it had taken this long. */
const SPAN_MS_MIN = 1000;

export interface VerdictRate {
  onVerdict(nowMs: number): void;
  perSecond(nowMs: number): number;
}

export const createVerdictRate = (): VerdictRate => {
  const times: number[] = [];
  const forget = (nowMs: number): void => {
    while ((times[0] ?? nowMs) < nowMs - WINDOW_MS) times.shift();
  };
  return {
    onVerdict: (nowMs) => {
      times.push(nowMs);
      forget(nowMs);
    },
    perSecond: (nowMs) => {
      forget(nowMs);
      const [first] = times;
      return first === undefined ? 0 : (times.length / Math.max(SPAN_MS_MIN, nowMs - first)) * 1000;
    },
  };
};
