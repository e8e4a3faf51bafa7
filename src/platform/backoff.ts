/** How long to wait before the next try: doubling from 1 s to 60 s, the upper half of each step at random. */
export const BACKOFF_MS_MIN = 1000;
export const BACKOFF_MS_MAX = 60_000;

/** `failures` in a row, from 1. `random` gives 0 to 1; spread keeps a fleet from knocking all at once after an outage. */
export const backoffMs = (failures: number, random: () => number): number => {
  const step = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 10));
  return Math.round(step * (0.5 + random() / 2));
};
