/**
 * What a forest is grown from: the best results of all, and the last ones. Kept as they come, so that a question costs the same however many there were, and
 * taken at counts that follow from the results alone: a sweep that is restored grows the same forests.
 */
import type { Space } from '../../domain/sweep/space.ts';
import { createBest, type Passed } from './best.ts';
import type { Sample } from '../../platform/regression-forest.ts';
import type { Reported } from './strategy.ts';

const BEST_LEARNED = 256;
const LAST_LEARNED = 256;
const LEADERS = 6;
/** Results after which it is worth learning again; more as more is known. */
const RELEARN_MIN = 1;
const RELEARN_SHARE = 0.04;

export interface Lesson {
  /** Results up to then. */
  readonly count: number;
  /** A point that did not pass counts as the slowest that did. */
  samples(): readonly Sample[];
}

export interface Learned {
  add(results: readonly Reported[]): void;
  /** Best first. */
  readonly leaders: readonly Passed[];
  /** The last that is worth learning; null before one passed. */
  lesson(): Lesson | null;
}

export const createLearned = (space: Space): Learned => {
  const [leaders, earlier] = [createBest(LEADERS), createBest(BEST_LEARNED)];
  const last: Reported[] = [];
  let [count, worst] = [0, Infinity];
  let lesson: Lesson | null = null;

  const addOne = (result: Reported): void => {
    count += 1;
    leaders.add(result);
    last.push(result);
    if (result.value !== null) worst = Math.min(worst, result.value);
    const old = last.length > LAST_LEARNED ? last.shift() : undefined;
    if (old) earlier.add(old);
    const due = Math.max(RELEARN_MIN, Math.floor(count * RELEARN_SHARE));
    if (worst < Infinity && count - (lesson?.count ?? 0) >= due)
      lesson = lessonOf(space, { count, worst, results: [...earlier.results, ...last] });
  };
  return {
    leaders: leaders.results,
    lesson: () => lesson,
    add: (results) => {
      for (const result of results) addOne(result);
    },
  };
};

const lessonOf = (
  space: Space,
  { count, worst, results }: { readonly count: number; readonly worst: number; readonly results: readonly Reported[] },
): Lesson => ({
  count,
  samples: () => results.map(({ point, value }) => ({ places: space.placesOf(point), value: value ?? worst })),
});
