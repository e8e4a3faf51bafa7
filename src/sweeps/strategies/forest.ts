/**
 * A random forest learns what points come to, and says where an improvement may be expected: among the neighbours of the best, and points drawn
 * anywhere. What did not pass is taken for as slow as the slowest. It begins with an even cover.
 */
import type { Space } from '../../domain/sweep/space.ts';
import { below, type Random, randomFrom } from '../../platform/random.ts';
import { drawPoint, isNew } from './draw.ts';
import { createLatinHypercube } from './latin-hypercube.ts';
import { expectedImprovement } from './improvement.ts';
import { type Forest, growForest, type Sample } from './regression-forest.ts';
import type { Strategy, StrategyOptions, Reported } from './strategy.ts';

const START_PER_AXIS = 2;
const START_MIN = 8;
/** Learned from: the best, and the last. */
const BEST_LEARNED = 256;
const LAST_LEARNED = 256;
/** Results after which it is worth learning again; more as more is known. */
const RELEARN_MIN = 1;
const RELEARN_SHARE = 0.04;
const LEADERS = 6;
const DRAWN = 96;
/** Of the points asked for, so many are drawn: what the forest is sure of may be wrong. */
const DRAWN_SHARE = 0.05;

export const createForest = (options: StrategyOptions): Strategy => {
  const { space, seed, asked } = options;
  const start = Math.max(START_MIN, START_PER_AXIS * space.axes.length);
  const seen = new Set(asked);
  const cover = createLatinHypercube({ ...options, planned: start, asked: asked.slice(0, start) });
  const isList = space.axes.map(({ values }) => values.some((value) => typeof value !== 'number'));
  const reported: Reported[] = [];
  let learned: { readonly forest: Forest; readonly from: number } | null = null;

  const forestNow = (): Forest => {
    const due = Math.max(RELEARN_MIN, Math.floor(reported.length * RELEARN_SHARE));
    if (learned === null || reported.length - learned.from >= due)
      learned = {
        forest: growForest(samplesOf(space, reported), { random: randomFrom(seed, reported.length, 4), isList }),
        from: reported.length,
      };
    return learned.forest;
  };
  const promising = (count: number): readonly number[] => {
    const random = randomFrom(seed, seen.size, 3);
    const leaders = reported
      .filter(({ value }) => value !== null)
      .toSorted(byValue)
      .slice(0, LEADERS);
    const best = leaders[0]?.value;
    if (best === null || best === undefined) return [];
    const forest = forestNow();
    return candidatesOf({ space, seen, random, count }, leaders)
      .map((point) => ({ point, gain: expectedImprovement(forest.predict(space.placesOf(point)), best) }))
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
    // One by one: a sweep that is restored reports all of its points at once, more than a call takes arguments.
    report: (results) => {
      for (const result of results) reported.push(result);
    },
  };
};

const byValue = (a: Reported, b: Reported): number => (b.value ?? 0) - (a.value ?? 0);

interface Filling {
  readonly space: Space;
  readonly seen: Set<number>;
  readonly random: Random;
}

/** With drawn points, where the chosen ones are fewer. All of them count as asked for. */
const filled = (chosen: readonly number[], count: number, { space, seen, random }: Filling): readonly number[] => {
  const points = [...chosen];
  for (const point of chosen) seen.add(point);
  while (points.length < count) {
    const point = drawPoint({ space, seen, random });
    if (point === null) break;
    seen.add(point);
    points.push(point);
  }
  return points;
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
const candidatesOf = ({ space, seen, random, count }: Wanted, leaders: readonly Reported[]): readonly number[] => {
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

/** A point that did not pass counts as the slowest that did. */
const samplesOf = (space: Space, reported: readonly Reported[]): readonly Sample[] => {
  const worst = reported.reduce((least, { value }) => Math.min(least, value ?? least), Infinity);
  const last = reported.slice(-LAST_LEARNED);
  const best = reported
    .slice(0, -LAST_LEARNED)
    .filter(({ value }) => value !== null)
    .toSorted(byValue)
    .slice(0, BEST_LEARNED);
  return [...best, ...last].map(({ point, value }) => ({ places: space.placesOf(point), value: value ?? worst }));
};
