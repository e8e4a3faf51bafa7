/**
 * Steps from the best points that are known: to a neighbouring value of one axis or some, or a cross of two of them. It begins with an even
 * cover, and draws now and then, so that no hill keeps it. Values that mostly fail are tried less.
 */
import { below, type Random, randomFrom } from '../../platform/random.ts';
import { type Best, createBest } from './best.ts';
import { drawPoint, isNew } from './draw.ts';
import { createFailures } from './failures.ts';
import { createLatinHypercube } from './latin-hypercube.ts';
import { pointsFrom } from './points.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

/** Points of the even cover it begins with, for each axis. */
const START_PER_AXIS = 2;
const START_MIN = 8;
/** Points that may be parents. */
const PARENTS = 12;
const DRAWN_SHARE = 0.06;
const CROSS_SHARE = 0.3;
/** A step goes to the next value; else anywhere on its axis. */
const NEAR_SHARE = 0.7;
/** Shares of steps along one axis, two, …. */
const STEP_CUTS = [0.6, 0.85, 0.95];
const TRIES_MAX = 60;
const TRIES_PER_STEP = 12;

export const createEvolve = (options: StrategyOptions): Strategy => {
  const { space, seed, asked } = options;
  const start = Math.max(START_MIN, START_PER_AXIS * space.axes.length);
  const seen = new Set(asked);
  const cover = createLatinHypercube({ ...options, planned: start, asked: asked.slice(0, start) });
  const failures = createFailures(space);
  const best = createBest(PARENTS);

  const child = (random: Random, tries: number): number => {
    const parent = space.placesOf(parentOf(best, random));
    const places = random() < CROSS_SHARE ? crossed(parent, space.placesOf(parentOf(best, random)), random) : parent;
    const steps = stepsOf(random) + Math.floor(tries / TRIES_PER_STEP);
    for (let step = 0; step < steps; step += 1) move(places, space.axes, random);
    return space.pointAt(places);
  };
  const next = (): number | null => {
    const random = randomFrom(seed, seen.size, 2);
    if (best.results.length > 0 && random() >= DRAWN_SHARE) {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const point = child(random, tries);
        if (isNew({ space, seen }, point) && random() < failures.chanceOf(point)) return point;
      }
    }
    return drawPoint({ space, seen, random });
  };
  return {
    ask: (count) =>
      pointsFrom(count, () => {
        const point = seen.size < start ? (cover.ask(1)[0] ?? null) : next();
        if (point !== null) seen.add(point);
        return point;
      }),
    report: (results) => {
      failures.report(results);
      for (const result of results) best.add(result);
    },
  };
};

/** The better, the likelier: the least of two draws. */
const parentOf = ({ results }: Best, random: Random): number =>
  results[Math.min(below(random, results.length), below(random, results.length))]?.point ?? 0;

const crossed = (a: readonly number[], b: readonly number[], random: Random): number[] =>
  a.map((place, axis) => (random() < 1 / 2 ? place : (b[axis] ?? place)));

const stepsOf = (random: Random): number => {
  const drawn = random();
  const step = STEP_CUTS.findIndex((cut) => drawn < cut);
  return step < 0 ? STEP_CUTS.length + 1 : step + 1;
};

const move = (places: number[], axes: readonly { readonly values: readonly unknown[] }[], random: Random): void => {
  const axis = below(random, axes.length);
  const count = axes[axis]?.values.length ?? 1;
  const from = places[axis] ?? 0;
  const near = from + (random() < 1 / 2 ? -1 : 1);
  places[axis] = random() < NEAR_SHARE && near >= 0 && near < count ? near : below(random, count);
};
