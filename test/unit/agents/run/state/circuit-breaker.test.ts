import { describe, expect, test } from 'vitest';
import { createCircuitBreaker } from '../../../../../src/agents/run/state/circuit-breaker.ts';

/** The middle of the spread: waits have their plain length. */
const breaker = () => createCircuitBreaker('claude', () => 0.5);

describe('the circuit breaker of a generator', () => {
  test('opens at once when the service is unavailable, and says until when and why', () => {
    const one = breaker();
    one.onRequest();
    one.onFailure('unavailable', 'no route', 0);
    expect(one.refusal(0)).toBe('claude is asked again in 1 s: unavailable: no route');
    expect(one.refusal(500)).toBeNull();
  });

  test('tolerates some answers in a row that are no good', () => {
    const one = breaker();
    for (let answer = 1; answer < 5; answer += 1) one.onFailure('malformed', 'no plan', 0);
    expect(one.refusal(0)).toBeNull();
    one.onFailure('malformed', 'no plan', 0);
    expect(one.refusal(0)).not.toBeNull();
  });

  test('lets one try when the time has come, and waits twice as long after each failure', () => {
    const one = breaker();
    const waits: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < 10; round += 1) {
      one.onRequest();
      one.onFailure('unavailable', 'no route', nowMs);
      const fromMs = nowMs;
      while (one.refusal(nowMs) !== null) nowMs += 100;
      waits.push(nowMs - fromMs);
      one.onRequest();
      expect(one.refusal(nowMs)).toBe('claude is tried once more: unavailable: no route');
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    one.onAnswer();
    expect(one.refusal(nowMs)).toBeNull();
    one.onFailure('timed_out', 'slow', nowMs);
    expect(one.refusal(nowMs + 500)).toBeNull();
  });

  test('stays open no longer because of answers that were asked for before it opened', () => {
    const one = breaker();
    for (let answer = 0; answer < 100; answer += 1) one.onFailure('unavailable', 'no route', 10);
    expect(one.refusal(509)).not.toBeNull();
    expect(one.refusal(510)).toBeNull();
  });

  test('lets another one try where the first did not ask after all, or was stopped', () => {
    const one = breaker();
    one.onFailure('unavailable', 'no route', 0);
    one.onRequest();
    one.onAbandoned();
    expect(one.refusal(600)).toBeNull();
    one.onRequest();
    one.onFailure('stopped', '', 600);
    expect(one.refusal(600)).toBeNull();
  });
});
