import { describe, expect, test } from 'vitest';
import { backoffMs, isPassing, RETRY_LIMITS, retryAfterMs, withRetries } from '../../../../src/agents/generators/retry.ts';
import { createHurriedClock } from '../../../support/agents/hurried-clock.ts';

const NOW = Date.parse('2026-11-10T12:00:00Z');
const headers = (values: Record<string, string>): number | null => retryAfterMs(new Headers(values), NOW);

describe('waiting before the next try', () => {
  test('doubles up to a limit, anywhere between nothing and that', () => {
    const most = [1, 2, 3, 7, 40].map((tries) => backoffMs(tries, () => 1, RETRY_LIMITS));
    expect(most).toEqual([1000, 2000, 4000, 60_000, 60_000]);
    expect(backoffMs(5, () => 0, RETRY_LIMITS)).toBe(0);
  });

  test('takes the word of the service, in milliseconds, seconds or as a date', () => {
    expect(headers({ 'retry-after': '7' })).toBe(7000);
    expect(headers({ 'retry-after': '0.5' })).toBe(500);
    expect(headers({ 'retry-after': 'Tue, 10 Nov 2026 12:00:30 GMT' })).toBe(30_000);
    expect(headers({ 'retry-after': 'Tue, 10 Nov 2026 11:00:00 GMT' })).toBe(0);
    expect(headers({ 'retry-after-ms': '250', 'retry-after': '7' })).toBe(250);
    expect(headers({ 'retry-after': 'soon' })).toBeNull();
    expect(headers({})).toBeNull();
  });

  test('is for trouble that passes', () => {
    expect([408, 409, 429, 500, 502, 503, 504, 529].filter((status) => !isPassing(status))).toEqual([]);
    expect([400, 401, 403, 404, 413, 422].filter((status) => isPassing(status))).toEqual([]);
  });

  test('ends when it is stopped', async () => {
    const stop = new AbortController();
    let tries = 0;
    const end = await withRetries(
      async () => {
        tries += 1;
        stop.abort();
        return { kind: 'again', afterMs: 250_000, why: 'busy' };
      },
      {
        clock: createHurriedClock(0),
        random: () => 1,
        signal: stop.signal,
        limits: { ...RETRY_LIMITS, retryAfterMsMax: 300_000 },
      },
    );
    expect([end, tries]).toEqual([{ gaveUp: 'busy' }, 1]);
  });
});
