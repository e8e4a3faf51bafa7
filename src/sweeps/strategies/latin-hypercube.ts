/**
 * Points that cover every axis evenly: in each round every value of an axis comes as often as any other, in an order of its own. A place of the
 * round whose point no condition allows, or that was tried, is drawn instead.
 */
import type { Space } from '../../domain/sweep/space.ts';
import { below, type Random, randomFrom } from '../../platform/random.ts';
import { drawPoint, isNew } from './draw.ts';
import { pointsFrom } from './points.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

const ROUND_MAX = 4096;
const ROUND_MIN = 8;

export const createLatinHypercube = ({ space, seed, planned, asked }: StrategyOptions): Strategy => {
  const length = Math.max(ROUND_MIN, Math.min(ROUND_MAX, planned));
  const seen = new Set(asked);
  let round = { number: -1, points: [] as readonly number[] };
  const planAt = (place: number): number => {
    const number = Math.floor(place / length);
    if (round.number !== number) round = { number, points: roundOf(space, length, randomFrom(seed, number)) };
    return round.points[place % length] ?? 0;
  };
  const pointAt = (place: number): number | null => {
    const point = planAt(place);
    return isNew({ space, seen }, point) ? point : drawPoint({ space, seen, random: randomFrom(seed, place, 1) });
  };
  return {
    ask: (count) =>
      pointsFrom(count, () => {
        const point = pointAt(seen.size);
        if (point !== null) seen.add(point);
        return point;
      }),
    report: () => undefined,
  };
};

const roundOf = (space: Space, length: number, random: Random): readonly number[] => {
  const columns = space.axes.map(({ values }) => shuffled(strata(values.length, length, random), random));
  return Array.from({ length }, (_, row) => space.pointAt(columns.map((column) => column[row] ?? 0)));
};

/** Places 0 to `count` - 1, spread over `length` rows; the remainder begins anywhere. */
const strata = (count: number, length: number, random: Random): number[] => {
  const start = random();
  return Array.from({ length }, (_, row) => Math.floor(((row + start) * count) / length) % count);
};

const shuffled = (items: number[], random: Random): readonly number[] => {
  for (let end = items.length - 1; end > 0; end -= 1) {
    const other = below(random, end + 1);
    [items[end], items[other]] = [items[other] ?? 0, items[end] ?? 0];
  }
  return items;
};
