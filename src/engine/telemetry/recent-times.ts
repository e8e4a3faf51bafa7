/** The last times of something, for quantiles that say how it goes now. Bounded; older ones are forgotten. */

const KEPT_MAX = 512;

export interface RecentTimes {
  add(ms: number): void;
  /** Of the times that are kept; null before the first. */
  quantiles(): { readonly p50: number; readonly p99: number } | null;
}

export const createRecentTimes = (): RecentTimes => {
  const times: number[] = [];
  let next = 0;
  return {
    add: (ms) => {
      times[next] = ms;
      next = (next + 1) % KEPT_MAX;
    },
    quantiles: () => {
      if (times.length === 0) return null;
      const sorted = times.toSorted((one, two) => one - two);
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      return { p50: at(0.5), p99: at(0.99) };
    },
  };
};
