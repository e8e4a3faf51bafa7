/**
 * What params come to, over all sources of one search that name the same space: a source's own level is taken off, so that what was measured on one says what to try on
 * another, as far as measurements of both agree. Pure.
 */
import { type Forest, growForest, type Prediction } from '../../platform/regression-forest.ts';
import type { Random } from '../../platform/random.ts';
import type { Space } from '../../domain/sweep/space.ts';

/** Of one source: by point, the logarithm of its speed-up; null where it did not pass. */
export type Measured = ReadonlyMap<number, number | null>;

export interface ParamEffects {
  /** Points that were judged, over all sources. */
  readonly measured: number;
  /** Null where a source shares no point with the others, and none of its own says more. */
  predict(source: number, point: number): Prediction | null;
}

/** By how much effects of params differ from source to source before anything was measured of that, as a deviation of the logarithm, and how many measurements that weighs. */
const DIFFERENCE = 0.03;
const DIFFERENCE_WEIGHT = 2;
const SAMPLES_MAX = 256;

export const paramEffects = (space: Space, sources: readonly Measured[], random: Random): ParamEffects => {
  const pool = new Map<number, readonly number[]>();
  const levels: (number | null)[] = [];
  let [squares, freedom] = [DIFFERENCE_WEIGHT * DIFFERENCE ** 2, DIFFERENCE_WEIGHT];
  for (const measured of sources) {
    const passed = [...measured].filter((entry): entry is [number, number] => entry[1] !== null);
    const differences = passed.flatMap(([point, value]) => (pool.has(point) ? [value - meanOf(pool.get(point) ?? [])] : []));
    const level = pool.size === 0 ? 0 : differences.length === 0 ? null : meanOf(differences);
    levels.push(level);
    if (level === null) continue;
    squares += differences.reduce((sum, difference) => sum + (difference - level) ** 2, 0);
    freedom += Math.max(0, differences.length - 1);
    for (const [point, value] of passed) pool.set(point, [...(pool.get(point) ?? []), value - level]);
  }
  const between = squares / freedom;
  const samples = samplesOf(space, sources, pool);
  let forest: Forest | null = null;
  const predicted = (point: number): Prediction => {
    const own = pool.get(point);
    if (own) return { mean: meanOf(own), deviation: 0 };
    const isList = space.axes.map(({ values }) => values.some((value) => typeof value !== 'number'));
    forest ??= growForest(samples, { random, isList });
    return forest.predict(space.placesOf(point));
  };
  return {
    measured: new Set(sources.flatMap((measured) => [...measured.keys()])).size,
    predict: (source, point) => {
      const level = levels[source] ?? null;
      if (level === null || pool.size === 0) return null;
      const { mean, deviation } = predicted(point);
      return { mean: mean + level, deviation: Math.sqrt(deviation ** 2 + between) };
    },
  };
};

/** What did not pass anywhere counts as the slowest that did. */
const samplesOf = (space: Space, sources: readonly Measured[], pool: ReadonlyMap<number, readonly number[]>) => {
  const slowest = [...pool.values()].reduce((least, values) => Math.min(least, meanOf(values)), Infinity);
  const failed = sources.flatMap((measured) =>
    [...measured].flatMap(([point, value]) => (value === null && !pool.has(point) ? [point] : [])),
  );
  const passed = [...pool].map(([point, values]) => ({ places: space.placesOf(point), value: meanOf(values) }));
  return [...new Set(failed)]
    .map((point) => ({ places: space.placesOf(point), value: slowest }))
    .concat(passed.toSorted((a, b) => a.value - b.value))
    .slice(-SAMPLES_MAX);
};

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
