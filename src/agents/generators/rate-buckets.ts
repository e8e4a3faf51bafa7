/**
 * Token buckets for requests, input and output tokens. Pure: time comes in. What a request will need is taken when it goes out and corrected
 * when the answer says what it was, as the services count themselves. A bucket fills up to BURST_SECONDS' worth and not further, so that in
 * any time of s seconds no more is taken (less what was given back) than rate * s + that; a single request that needs more than a full
 * bucket goes when it is full, and leaves a debt.
 */
import type { RateLimits } from '../../domain/campaign/generator-settings.ts';

const SECONDS_A_MINUTE = 60;
const MS_A_SECOND = 1000;
export const BURST_SECONDS = 5;

export const KINDS = ['requests', 'inputTokens', 'outputTokens'] as const;
export type RateKind = (typeof KINDS)[number];
export type Demand = Readonly<Record<RateKind, number>>;

/** What a service said about one kind: its limit a minute, and how much of it is left now; null where it did not say. */
export interface Observation {
  readonly limit: number | null;
  readonly remaining: number | null;
}

export interface RateBuckets {
  /** Takes it and returns 0; or takes nothing and returns the milliseconds after which to ask again. */
  take(demand: Demand, nowMs: number): number;
  /** Returns what was taken too much to the bucket, or takes what was too little. */
  correct(taken: Demand, actual: Demand, nowMs: number): void;
  /** Nothing is given before `untilMs`. */
  pause(untilMs: number): void;
  /** A service's word is taken where it is lower than ours, or where we have no limit. */
  observe(kind: RateKind, seen: Observation, nowMs: number): void;
}

/** A limit of null is none, until a service says one. */
export const createRateBuckets = (limits: RateLimits, nowMs: number): RateBuckets => {
  const own = {
    requests: limits.requestsPerMinute,
    inputTokens: limits.inputTokensPerMinute,
    outputTokens: limits.outputTokensPerMinute,
  };
  const buckets = new Map(KINDS.flatMap((kind) => (own[kind] === null ? [] : [[kind, bucketOf(own[kind], nowMs)] as const])));
  let pausedUntilMs = -Infinity;

  return {
    take: (demand, now) => {
      for (const bucket of buckets.values()) refill(bucket, now);
      const waits = [...buckets].map(([kind, bucket]) => waitMs(bucket, demand[kind]));
      const wait = Math.max(0, pausedUntilMs - now, ...waits);
      if (wait > 0) return wait;
      for (const [kind, bucket] of buckets) bucket.level -= demand[kind];
      return 0;
    },
    correct: (taken, actual, now) => {
      for (const [kind, bucket] of buckets) {
        // What goes beyond a full bucket is cut when it is filled next.
        refill(bucket, now);
        bucket.level += taken[kind] - actual[kind];
      }
    },
    pause: (untilMs) => {
      pausedUntilMs = Math.max(pausedUntilMs, untilMs);
    },
    observe: (kind, { limit, remaining }, now) => {
      const ceiling = own[kind];
      const perMinute = limit !== null && limit > 0 ? Math.min(limit, ceiling ?? limit) : ceiling;
      if (perMinute === null) return;
      const bucket = buckets.get(kind) ?? bucketOf(perMinute, now);
      buckets.set(kind, bucket);
      refill(bucket, now);
      Object.assign(bucket, ratesOf(perMinute));
      bucket.level = Math.min(bucket.level, bucket.capacity, remaining ?? Infinity);
    },
  };
};

interface Bucket {
  perMs: number;
  capacity: number;
  /** Below zero: a debt. */
  level: number;
  atMs: number;
}

const ratesOf = (perMinute: number): Pick<Bucket, 'perMs' | 'capacity'> => {
  const perSecond = perMinute / SECONDS_A_MINUTE;
  return { perMs: perSecond / MS_A_SECOND, capacity: Math.max(1, perSecond * BURST_SECONDS) };
};

const bucketOf = (perMinute: number, nowMs: number): Bucket => {
  const rates = ratesOf(perMinute);
  return { ...rates, level: rates.capacity, atMs: nowMs };
};

const refill = (bucket: Bucket, nowMs: number): void => {
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  bucket.level = Math.min(bucket.capacity, bucket.level + passedMs * bucket.perMs);
  bucket.atMs = Math.max(bucket.atMs, nowMs);
};

/** Of rounding: a level that is short by less is enough. */
const EPSILON = 1e-6;

const waitMs = ({ level, capacity, perMs }: Bucket, demand: number): number => {
  const missing = Math.min(demand, capacity) - level;
  return missing <= EPSILON ? 0 : Math.ceil(missing / perMs);
};
