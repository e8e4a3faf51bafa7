import { describe, expect, test } from 'vitest';
import { createVerdictRate } from '../../../../src/engine/telemetry/verdict-rate.ts';

describe('the rate of verdicts', () => {
  test('is nothing before the first, and one a second for the first alone', () => {
    const rate = createVerdictRate();
    expect(rate.perSecond(5000)).toBe(0);
    rate.onVerdict(5000);
    expect(rate.perSecond(5000)).toBe(1);
  });

  test('is counted from the first one while that is younger than a minute', () => {
    const rate = createVerdictRate();
    for (let index = 0; index < 10; index += 1) rate.onVerdict(10_000 + index * 1000);
    expect(rate.perSecond(20_000)).toBe(1);
  });

  test('is of the last minute, also when nothing came for a while', () => {
    const rate = createVerdictRate();
    for (let atMs = 0; atMs <= 120_000; atMs += 1000) rate.onVerdict(atMs);
    expect(rate.perSecond(120_000)).toBeCloseTo(1, 1);
    expect(rate.perSecond(180_001)).toBe(0);
  });
});
