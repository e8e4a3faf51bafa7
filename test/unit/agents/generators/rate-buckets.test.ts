import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BURST_SECONDS, createRateBuckets, type Demand } from '../../../../src/agents/generators/rate-buckets.ts';

const PER_MINUTE = 600;
const PER_MS = PER_MINUTE / 60_000;
const CAPACITY = (PER_MINUTE / 60) * BURST_SECONDS;
const limits = { requestsPerMinute: null, inputTokensPerMinute: null, outputTokensPerMinute: PER_MINUTE };
const output = (outputTokens: number): Demand => ({ requests: 1, inputTokens: 0, outputTokens });

interface Step {
  readonly demand: number;
  /** Of the demand: what it came to. */
  readonly share: number;
  readonly waitMs: number;
}
const steps = fc.array(
  fc.record({
    demand: fc.integer({ min: 1, max: CAPACITY }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    waitMs: fc.integer({ min: 0, max: 5000 }),
  }),
  { maxLength: 60 },
);

/** Goes as early as the buckets allow; every second request is corrected when the next one goes. */
const simulate = (history: readonly Step[]): readonly { readonly atMs: number; readonly net: number }[] => {
  const buckets = createRateBuckets(limits, 0);
  const moves: { atMs: number; net: number }[] = [];
  let now = 0;
  for (const [index, { demand, share, waitMs }] of history.entries()) {
    now += waitMs;
    for (
      let wait = buckets.take(output(demand), now), rounds = 0;
      wait > 0;
      wait = buckets.take(output(demand), now), rounds += 1
    ) {
      if (rounds > 10) throw new Error(`still to wait ${wait} ms after ${rounds} rounds`);
      now += wait;
    }
    moves.push({ atMs: now, net: demand });
    if (index % 2 === 1) continue;
    const actual = Math.floor(demand * share);
    buckets.correct(output(demand), output(actual), now);
    moves.push({ atMs: now, net: actual - demand });
  }
  return moves;
};

describe('rate buckets', () => {
  test('never give more in any time than the rate allows, and one burst', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const moves = simulate(history);
        for (const [first, from] of moves.entries()) {
          let sum = 0;
          for (const move of moves.slice(first)) {
            sum += move.net;
            expect(sum).toBeLessThanOrEqual(PER_MS * (move.atMs - from.atMs) + CAPACITY + 1e-3);
          }
        }
      }),
    );
  });

  test('say how long to wait, and then give', () => {
    const buckets = createRateBuckets(limits, 0);
    expect(buckets.take(output(CAPACITY), 0)).toBe(0);
    const wait = buckets.take(output(10), 0);
    expect(wait).toBe(10 / PER_MS);
    expect(buckets.take(output(10), wait - 1)).toBeGreaterThan(0);
    expect(buckets.take(output(10), wait)).toBe(0);
  });

  test('let a request go that needs more than they hold, when they are full, and then nothing until the debt is paid', () => {
    const buckets = createRateBuckets(limits, 0);
    expect(buckets.take(output(3 * CAPACITY), 0)).toBe(0);
    expect(buckets.take(output(1), 0)).toBe((2 * CAPACITY + 1) / PER_MS);
  });

  test('give back what was taken too much', () => {
    const buckets = createRateBuckets(limits, 0);
    buckets.take(output(CAPACITY), 0);
    buckets.correct(output(CAPACITY), output(10), 0);
    expect(buckets.take(output(CAPACITY - 10), 0)).toBe(0);
  });

  test('take what was too little', () => {
    const buckets = createRateBuckets(limits, 0);
    buckets.take(output(10), 0);
    buckets.correct(output(10), output(CAPACITY + 10), 0);
    expect(buckets.take(output(1), 0)).toBe(11 / PER_MS);
  });

  test('give nothing while paused, also where there is no limit', () => {
    const buckets = createRateBuckets({ requestsPerMinute: null, inputTokensPerMinute: null, outputTokensPerMinute: null }, 0);
    buckets.pause(700);
    expect(buckets.take(output(1), 200)).toBe(500);
    expect(buckets.take(output(1), 700)).toBe(0);
  });

  test('take the word of a service where it is lower, and never raise our own limit', () => {
    const buckets = createRateBuckets(limits, 0);
    buckets.observe('outputTokens', { limit: 10 * PER_MINUTE, remaining: 10 * PER_MINUTE }, 0);
    buckets.take(output(CAPACITY), 0);
    expect(buckets.take(output(CAPACITY), 0)).toBe(CAPACITY / PER_MS);
    buckets.observe('outputTokens', { limit: PER_MINUTE / 2, remaining: null }, 0);
    expect(buckets.take(output(CAPACITY), 0)).toBe(CAPACITY / PER_MS);
    buckets.observe('requests', { limit: 60, remaining: 0 }, 0);
    expect(buckets.take({ requests: 1, inputTokens: 0, outputTokens: 0 }, 0)).toBe(1000);
  });

  test('without a limit and without a word from the service never wait', () => {
    const buckets = createRateBuckets({ requestsPerMinute: null, inputTokensPerMinute: null, outputTokensPerMinute: null }, 0);
    buckets.observe('inputTokens', { limit: null, remaining: null }, 0);
    expect(buckets.take({ requests: 1e9, inputTokens: 1e9, outputTokens: 1e9 }, 0)).toBe(0);
  });
});
