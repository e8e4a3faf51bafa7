/** How long to wait before the next try. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Of what is far away: from 1 s to 60 s. */
export const BACKOFF: BackoffLimits = { minMs: 1000, maxMs: 60_000 };
const DOUBLINGS_MAX = 30;

/** Doubles with each of `failures` in a row, from 1. */
export const doubledMs = (failures: number, { minMs, maxMs }: BackoffLimits): number =>
  Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));

/** The same, the upper half at random (`random`: 0 to 1), so that a fleet does not knock all at once after an outage. */
export const backoffMs = (failures: number, random: () => number): number =>
  Math.round(doubledMs(failures, BACKOFF) * (0.5 + random() / 2));
