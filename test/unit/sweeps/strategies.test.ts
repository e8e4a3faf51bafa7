import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSpace, type Space } from '../../../src/domain/sweep/space.ts';
import { STRATEGIES, type StrategyName } from '../../../src/domain/sweep/sweep.ts';
import { createStrategy } from '../../../src/sweeps/strategies/create-strategy.ts';
import { createPermutation } from '../../../src/sweeps/strategies/permutation.ts';
import type { Strategy } from '../../../src/sweeps/strategies/strategy.ts';

const values = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const SPACE = createSpace({
  axes: { A: values(8), B: values(6), C: values(5), KIND: ['x', 'y'] },
  where: ['A * B <= 30'],
  fixed: {},
});
/** A single hill, a cliff of failures beside it. */
const valueOf = (space: Space, point: number): number | null => {
  const [a = 0, b = 0, c = 0, kind = 0] = space.placesOf(point);
  if (c === 4 && kind === 0) return null;
  return -((a - 3) ** 2) - (b - 2) ** 2 - (c - 3) ** 2 / 2 - kind * 3;
};
const reported = (point: number) => ({ point, value: valueOf(SPACE, point) });
const created = (name: StrategyName, seed = 1, asked: readonly number[] = []): Strategy =>
  createStrategy(name, { space: SPACE, seed, planned: 60, asked });
/** Points in the order of asking, `step` at a time. */
const ran = (strategy: Strategy, count: number, step: number): readonly number[] => {
  const points: number[] = [];
  while (points.length < count) {
    const asked = strategy.ask(Math.min(step, count - points.length));
    if (asked.length === 0) break;
    points.push(...asked);
    strategy.report(asked.map(reported));
  }
  return points;
};
const VALID = values(SPACE.size)
  .map((one) => one - 1)
  .filter((point) => SPACE.isValid(point));

describe.each(STRATEGIES)('the strategy %s', (name) => {
  test('tries every valid point once, and then has none', () => {
    const strategy = created(name);
    const points = ran(strategy, Infinity, 32);
    expect(points.toSorted((a, b) => a - b)).toEqual(VALID);
    expect(strategy.ask(5)).toEqual([]);
  });

  test('draws the same points from the same seed and results, and others from another seed', () => {
    const first = ran(created(name), 60, 4);
    expect(ran(created(name), 60, 4)).toEqual(first);
    expect(String(ran(created(name, 2), 60, 4)) === String(first)).toBe(name === 'grid');
  });

  test('takes the results of a long sweep at once, as a restart gives them', () => {
    const large = createSpace({ axes: { A: values(1000), B: values(1000) }, where: [], fixed: {} });
    const asked = values(200_000);
    const strategy = createStrategy(name, { space: large, seed: 1, planned: 300_000, asked });
    strategy.report(asked.map((point) => ({ point, value: -point })));
    expect(strategy.ask(2)).toHaveLength(2);
  });

  test('goes on after a restart as if there had been none', () => {
    const whole = ran(created(name), 60, 4);
    const first = whole.slice(0, 32);
    const again = created(name, 1, first);
    again.report(first.map(reported));
    expect(ran(again, 28, 4)).toEqual(whole.slice(32));
  });

  test('goes on after a restart of a long sweep as if there had been none', () => {
    const whole = ran(created(name), 260, 4);
    for (const kept of [200, 204, 208, 212, 216]) {
      const again = created(name, 1, whole.slice(0, kept));
      again.report(whole.slice(0, kept).map(reported));
      expect(ran(again, 20, 4)).toEqual(whole.slice(kept, kept + 20));
    }
  });

  test('asks for what is on its way no second time', () => {
    const strategy = created(name);
    const points = [...strategy.ask(20), ...strategy.ask(20)];
    expect(points.length).toBeGreaterThan(20);
    expect(new Set(points).size).toBe(points.length);
  });
});

test.each(['evolve', 'forest'] as const)('%s finds the top of a hill long before all is tried', (name) => {
  const best = Math.max(...VALID.flatMap((point) => valueOf(SPACE, point) ?? []));
  const found = [1, 2, 3].filter((seed) =>
    ran(created(name, seed), Math.floor(VALID.length / 4), 4).some((point) => valueOf(SPACE, point) === best),
  );
  expect(found.length).toBeGreaterThanOrEqual(2);
});

test('a latin hypercube gives every value of an axis as often as any other', () => {
  const space = createSpace({ axes: { A: values(10), B: values(5) }, where: [], fixed: {} });
  const strategy = createStrategy('latin-hypercube', { space, seed: 3, planned: 10, asked: [] });
  const places = strategy.ask(10).map((point) => space.placesOf(point));
  expect(places.map(([a = 0]) => a).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(places.map(([, b = 0]) => b).toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
});

test('a permutation has every number once, and knows the place of each', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size, seed) => {
      const order = createPermutation(size, seed);
      const all = values(size).map((one) => order.at(one - 1));
      expect(new Set(all).size).toBe(size);
      expect(all.every((value, place) => value < size && order.placeOf(value) === place)).toBe(true);
    }),
  );
});

test('a random walk through a space that nobody could list begins at once', () => {
  const axis = values(1000);
  const space = createSpace({ axes: { A: axis, B: axis, C: axis, D: axis, E: axis }, where: ['A + B > C'], fixed: {} });
  for (const name of ['random', 'latin-hypercube', 'evolve', 'forest'] as const) {
    const points = createStrategy(name, { space, seed: 1, planned: 100, asked: [] }).ask(100);
    expect(points.length).toBeGreaterThan(5);
    expect(points.every((point) => space.isValid(point))).toBe(true);
  }
});
