/** The best results of all that were reported, kept as they come. */
import type { Reported } from './strategy.ts';

export interface Best {
  /** Best first; of equal ones, the first that was reported. At most as many as it was made for. */
  readonly results: readonly Passed[];
  /** What did not pass is left out. */
  add(result: Reported): void;
}
export interface Passed {
  readonly point: number;
  readonly value: number;
}

export const createBest = (limit: number): Best => {
  const results: Passed[] = [];
  return {
    results,
    add: ({ point, value }) => {
      if (value === null) return;
      let place = results.length;
      while (place > 0 && (results[place - 1]?.value ?? value) < value) place -= 1;
      if (place === limit) return;
      results.splice(place, 0, { point, value });
      if (results.length > limit) results.pop();
    },
  };
};
