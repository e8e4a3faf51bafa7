import { describe, expect, test } from 'vitest';
import { createGate } from '../../../../../src/agents/run/asking/circuit-breaker.ts';

/** The middle of the spread: waits have their plain length. */
const gate = () => createGate('claude', () => 0.5);

describe('the gate of a generator', () => {
  test('closes at once when the service is away, and says until when and why', () => {
    const one = gate();
    one.enter();
    one.onFailure('unavailable', 'no route', 0);
    expect(one.closed(0)).toBe('claude is asked again in 1 s: unavailable: no route');
    expect(one.closed(500)).toBeNull();
  });

  test('bears some answers in a row that are no good', () => {
    const one = gate();
    for (let answer = 1; answer < 5; answer += 1) one.onFailure('malformed', 'no plan', 0);
    expect(one.closed(0)).toBeNull();
    one.onFailure('malformed', 'no plan', 0);
    expect(one.closed(0)).not.toBeNull();
  });

  test('lets one try when the time has come, and waits twice as long after each failure', () => {
    const one = gate();
    const waits: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < 10; round += 1) {
      one.enter();
      one.onFailure('unavailable', 'no route', nowMs);
      const fromMs = nowMs;
      while (one.closed(nowMs) !== null) nowMs += 100;
      waits.push(nowMs - fromMs);
      one.enter();
      expect(one.closed(nowMs)).toBe('claude is tried once more: unavailable: no route');
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    one.onAnswer();
    expect(one.closed(nowMs)).toBeNull();
    one.onFailure('timed_out', 'slow', nowMs);
    expect(one.closed(nowMs + 500)).toBeNull();
  });

  test('does not close further because of answers that were asked for before it closed', () => {
    const one = gate();
    for (let answer = 0; answer < 100; answer += 1) one.onFailure('unavailable', 'no route', 10);
    expect(one.closed(509)).not.toBeNull();
    expect(one.closed(510)).toBeNull();
  });

  test('is opened again for others by one that left without asking, and by one that was stopped', () => {
    const one = gate();
    one.onFailure('unavailable', 'no route', 0);
    one.enter();
    one.onLeft();
    expect(one.closed(600)).toBeNull();
    one.enter();
    one.onFailure('stopped', '', 600);
    expect(one.closed(600)).toBeNull();
  });
});
