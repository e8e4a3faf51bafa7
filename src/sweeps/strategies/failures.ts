/** Which values of which axes mostly do not pass: learned from every verdict, and cheap to ask. */
import type { Space } from '../../domain/sweep/space.ts';
import type { Reported } from './strategy.ts';

/** Verdicts that each value is taken to have passed before the first is known. */
const PRIOR = 4;
/** However badly a value did, so many of a hundred of its points are tried. */
const CHANCE_MIN = 0.05;

export interface Failures {
  report(results: readonly Reported[]): void;
  /** From CHANCE_MIN to 1: of its worst value. */
  chanceOf(point: number): number;
}

export const createFailures = (space: Space): Failures => {
  const passed = space.axes.map(({ values }) => new Float64Array(values.length).fill(PRIOR));
  const all = space.axes.map(({ values }) => new Float64Array(values.length).fill(PRIOR));
  return {
    report: (results) => {
      for (const { point, value } of results) {
        space.placesOf(point).forEach((place, axis) => {
          count(all[axis], place);
          if (value !== null) count(passed[axis], place);
        });
      }
    },
    chanceOf: (point) =>
      space
        .placesOf(point)
        .reduce(
          (least, place, axis) => Math.max(CHANCE_MIN, Math.min(least, (passed[axis]?.[place] ?? 1) / (all[axis]?.[place] ?? 1))),
          1,
        ),
  };
};

const count = (counts: Float64Array | undefined, place: number): void => {
  if (counts) counts[place] = (counts[place] ?? 0) + 1;
};
