import { expect, test } from 'vitest';
import { agreement } from '../../../bench/measure/kendall.ts';

const exact = (...values: readonly number[]) => values.map((value) => ({ value, low: value, high: value }));

test('the same order is 1 and the reverse is -1', () => {
  expect(agreement(exact(1, 2, 3, 4), exact(10, 20, 30, 40))).toEqual({ tau: 1, tauApart: 1, pairs: 6, pairsApart: 6 });
  expect(agreement(exact(1, 2, 3, 4), exact(4, 3, 2, 1)).tau).toBe(-1);
});

test('one swap among four costs a third', () => {
  expect(agreement(exact(1, 2, 3, 4), exact(2, 1, 3, 4)).tau).toBeCloseTo(4 / 6);
});

test('ties are corrected for, as tau-b does', () => {
  // Known value: 4 concordant pairs, one tied in the first ranking, one in the second.
  expect(agreement(exact(1, 1, 2, 3), exact(1, 2, 2, 3)).tau).toBeCloseTo(4 / 5);
});

test('pairs whose intervals overlap in either ranking do not count as apart', () => {
  const wide = exact(1, 2, 3).map((ranked) => ({ ...ranked, low: ranked.value - 0.6, high: ranked.value + 0.6 }));
  expect(agreement(wide, exact(2, 1, 3))).toMatchObject({ tauApart: 1, pairsApart: 1, pairs: 3 });
});
