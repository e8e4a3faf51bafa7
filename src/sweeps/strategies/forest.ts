/**
 * A random forest learns what points come to, and says where an improvement may be expected: among the neighbours of the best, and points drawn
 * anywhere. What did not pass is taken for as slow as the slowest. It begins with an even cover.
 */
import type { Space } from '../../domain/sweep/space.ts';
import { below, type Random, randomFrom } from '../../platform/random.ts';
import type { Passed } from './best.ts';
import { drawPoint, isNew } from './draw.ts';
import { createLatinHypercube } from './latin-hypercube.ts';
import { expectedImprovement } from '../../platform/expected-improvement.ts';
import { createLearned, type Lesson } from './learned.ts';
import { pointsFrom } from './points.ts';
import { type Forest, growForest } from '../../platform/regression-forest.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

const START_PER_AXIS = 2;
const START_MIN = 8;
const DRAWN = 96;
/** Of the points asked for, so many are drawn: what the forest is sure of may be wrong. */
const DRAWN_SHARE = 0.05;

export const createForest = (options: StrategyOptions): Strategy => {
  const { space, seed, asked } = options;
  const start = Math.max(START_MIN, START_PER_AXIS * space.axes.length);
  const seen = new Set(asked);
  const cover = createLatinHypercube({ ...options, planned: start, asked: asked.slice(0, start) });
  const isList = space.axes.map(({ values }) => values.some((value) => typeof value !== 'number'));
  const learned = createLearned(space);
  let grown: { readonly forest: Forest; readonly from: Lesson } | null = null;

  const forestOf = (lesson: Lesson): Forest => {
    if (grown?.from !== lesson)
      grown = { forest: growForest(lesson.samples(), { random: randomFrom(seed, lesson.count, 4), isList }), from: lesson };
    return grown.forest;
  };
  const promising = (count: number): readonly number[] => {
    const random = randomFrom(seed, seen.size, 3);
    const [best] = learned.leaders;
    const lesson = learned.lesson();
    if (best === undefined || lesson === null) return [];
    const forest = forestOf(lesson);
    return candidatesOf({ space, seen, random, count }, learned.leaders)
      .map((point) => ({ point, gain: expectedImprovement(forest.predict(space.placesOf(point)), best.value) }))
      .toSorted((a, b) => b.gain - a.gain)
      .slice(0, count)
      .map(({ point }) => point);
  };
  const ask = (count: number): readonly number[] => {
    if (seen.size < start) return cover.ask(Math.min(count, start - seen.size));
    const random = randomFrom(seed, seen.size, 5);
    const drawn = Array.from({ length: count }, random).filter((chance) => chance < DRAWN_SHARE).length;
    const chosen = promising(count - drawn);
    return filled(chosen, count, { space, seen, random });
  };
  return {
    ask: (count) => {
      const points = ask(count);
      for (const point of points) seen.add(point);
      return points;
    },
    report: (results) => learned.add(results),
  };
};

interface Filling {
  readonly space: Space;
  readonly seen: Set<number>;
  readonly random: Random;
}

/** With drawn points, where the chosen ones are fewer. All of them count as asked for. */
const filled = (chosen: readonly number[], count: number, { space, seen, random }: Filling): readonly number[] => {
  for (const point of chosen) seen.add(point);
  const drawn = pointsFrom(count - chosen.length, () => {
    const point = drawPoint({ space, seen, random });
    if (point !== null) seen.add(point);
    return point;
  });
  return [...chosen, ...drawn];
};

interface Wanted {
  readonly space: Space;
  readonly seen: ReadonlySet<number>;
  readonly random: Random;
  readonly count: number;
}

/** Of a long axis, so many places on either side of a leader's, and so many from anywhere. */
const NEAR = 4;
const FAR = 8;

/** Single steps from each leader, and points from anywhere. */
const candidatesOf = ({ space, seen, random, count }: Wanted, leaders: readonly Passed[]): readonly number[] => {
  const near = leaders.flatMap(({ point }) => neighboursOf(space, point, random));
  const anywhere = Array.from({ length: DRAWN + count }, () => Math.floor(random() * space.size));
  return [...new Set([...near, ...anywhere])].filter((point) => isNew({ space, seen }, point));
};

const neighboursOf = (space: Space, point: number, random: Random): readonly number[] => {
  const places = space.placesOf(point);
  return space.axes.flatMap(({ values }, axis) =>
    stepsFrom(places[axis] ?? 0, values.length, random).map((place) => space.pointAt(places.with(axis, place))),
  );
};

const stepsFrom = (from: number, count: number, random: Random): readonly number[] => {
  const all = count <= 2 * NEAR + FAR;
  const places = all
    ? Array.from({ length: count }, (_, place) => place)
    : [
        ...Array.from({ length: 2 * NEAR + 1 }, (_, step) => from + step - NEAR),
        ...Array.from({ length: FAR }, () => below(random, count)),
      ];
  return places.filter((place) => place !== from && place >= 0 && place < count);
};
