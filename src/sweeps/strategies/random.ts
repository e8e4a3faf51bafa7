/** Points drawn without repetition. */
import { createPermutation } from './permutation.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

/** Points that are looked at in one question. */
const LOOKED_AT_MAX = 1_000_000;

export const createRandom = ({ space, seed, asked }: StrategyOptions): Strategy => {
  const order = createPermutation(space.size, seed);
  const last = asked.at(-1);
  let next = last === undefined ? 0 : order.placeOf(last) + 1;
  return {
    ask: (count) => {
      const points: number[] = [];
      for (let looked = 0; points.length < count && next < space.size && looked < LOOKED_AT_MAX; looked += 1, next += 1) {
        const point = order.at(next);
        if (space.isValid(point)) points.push(point);
      }
      return points;
    },
    report: () => undefined,
  };
};
