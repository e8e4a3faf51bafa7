import { describe, expect, test } from 'vitest';
import { betaFrom } from '../../../src/platform/beta.ts';
import { randomFrom } from '../../../src/platform/random.ts';

const DRAWS = 20_000;

describe('draws of a beta distribution', () => {
  test.each([
    [1, 4],
    [0.3, 2],
    [12, 3],
  ])('have its mean and variance: %d successes, %d failures', (a, b) => {
    const random = randomFrom(7);
    const draws = Array.from({ length: DRAWS }, () => betaFrom(random, a, b));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / DRAWS;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / DRAWS;
    expect(mean).toBeCloseTo(a / (a + b), 2);
    expect(variance).toBeCloseTo((a * b) / ((a + b) ** 2 * (a + b + 1)), 2);
    expect(draws.every((draw) => draw >= 0 && draw <= 1)).toBe(true);
  });
});
