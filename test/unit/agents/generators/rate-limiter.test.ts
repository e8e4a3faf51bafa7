import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../../src/platform/clock.ts';
import { createRateLimiter, type Permit } from '../../../../src/agents/generators/rate-limiter.ts';
import type { Demand } from '../../../../src/agents/generators/rate-buckets.ts';

const NEVER = new AbortController().signal;
const one: Demand = { requests: 1, inputTokens: 0, outputTokens: 0 };
const limits = { requestsPerMinute: 60, inputTokensPerMinute: null, outputTokensPerMinute: null };
const BURST = 5;

/** Time that stands still until it is told to pass. */
const createStillClock = (): Omit<Clock, 'now'> & { readonly pass: (ms: number) => Promise<void> } => {
  const timers = new Set<{ readonly atMs: number; readonly act: () => void }>();
  let now = 0;
  return {
    monotonic: () => now,
    after: (ms, act) => {
      const timer = { atMs: now + ms, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass: async (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= end).toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.atMs);
        next.act();
      }
      now = end;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
};

describe('the rate limiter', () => {
  test('admits a burst, and then one after the other in the order of arrival', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter(limits, clock);
    const admitted: number[] = [];
    for (let n = 0; n < BURST + 3; n += 1) void limiter.acquire(one, NEVER).then(() => admitted.push(n));
    await clock.pass(0);
    expect(admitted).toEqual([0, 1, 2, 3, 4]);
    await clock.pass(1000);
    expect(admitted.at(-1)).toBe(5);
    await clock.pass(2000);
    expect(admitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(limiter.waiting).toBe(0);
  });

  test('lets nobody pass who asks for less', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter({ ...limits, requestsPerMinute: null, outputTokensPerMinute: 600 }, clock);
    const admitted: string[] = [];
    const ask = (name: string, outputTokens: number): void => {
      void limiter.acquire({ ...one, outputTokens }, NEVER).then(() => admitted.push(name));
    };
    ask('first', 50);
    ask('large', 50);
    ask('small', 1);
    await clock.pass(4000);
    expect(admitted).toEqual(['first']);
    await clock.pass(1000);
    expect(admitted).toEqual(['first', 'large']);
    await clock.pass(100);
    expect(admitted).toEqual(['first', 'large', 'small']);
  });

  test('lets those go who no longer wait, and those behind them on', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter({ ...limits, requestsPerMinute: null, outputTokensPerMinute: 600 }, clock);
    await limiter.acquire({ ...one, outputTokens: 45 }, NEVER);
    const stop = new AbortController();
    const stopped = limiter.acquire({ ...one, outputTokens: 50 }, stop.signal);
    const behind = limiter.acquire({ ...one, outputTokens: 5 }, NEVER);
    stop.abort();
    expect(await stopped).toBeNull();
    expect(await behind).not.toBeNull();
    expect(limiter.waiting).toBe(0);
  });

  test('takes nothing for one that had stopped before', async () => {
    const limiter = createRateLimiter(limits, createStillClock());
    expect(await limiter.acquire(one, AbortSignal.abort())).toBeNull();
  });

  test('gives back what was taken too much, once', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter({ ...limits, requestsPerMinute: null, outputTokensPerMinute: 600 }, clock);
    const permit: Permit | null = await limiter.acquire({ ...one, outputTokens: 50 }, NEVER);
    const next = limiter.acquire({ ...one, outputTokens: 30 }, NEVER);
    permit?.correct({ ...one, outputTokens: 20 });
    permit?.correct({ ...one, outputTokens: 0 });
    expect(await next).not.toBeNull();
    let isAdmitted = false;
    void limiter.acquire({ ...one, outputTokens: 10 }, NEVER).finally(() => {
      isAdmitted = true;
    });
    await clock.pass(0);
    expect(isAdmitted).toBe(false);
  });

  test('holds everybody back for as long as the service asked', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter(
      { requestsPerMinute: null, inputTokensPerMinute: null, outputTokensPerMinute: null },
      clock,
    );
    limiter.pauseMs(3000);
    let isAdmitted = false;
    void limiter.acquire(one, NEVER).finally(() => {
      isAdmitted = true;
    });
    await clock.pass(2999);
    expect(isAdmitted).toBe(false);
    await clock.pass(1);
    expect(isAdmitted).toBe(true);
  });

  test('learns what is left from the headers of a response, and takes no nonsense from them', async () => {
    const clock = createStillClock();
    const limiter = createRateLimiter(
      { requestsPerMinute: null, inputTokensPerMinute: null, outputTokensPerMinute: null },
      clock,
    );
    limiter.learn(new Headers({ 'anthropic-ratelimit-requests-limit': 'many', 'anthropic-ratelimit-requests-remaining': '-1' }));
    expect(await limiter.acquire(one, NEVER)).not.toBeNull();
    limiter.learn(new Headers({ 'anthropic-ratelimit-requests-limit': '60', 'anthropic-ratelimit-requests-remaining': '0' }));
    let isAdmitted = false;
    void limiter.acquire(one, NEVER).finally(() => {
      isAdmitted = true;
    });
    await clock.pass(999);
    expect(isAdmitted).toBe(false);
    await clock.pass(1);
    expect(isAdmitted).toBe(true);
  });
});
