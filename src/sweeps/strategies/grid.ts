/** Every point, in the order of the axes, the last one fastest. */
import type { Strategy, StrategyOptions } from './strategy.ts';

/** Points that are looked at in one question: where conditions leave next to nothing, the daemon must not stand still. */
const LOOKED_AT_MAX = 1_000_000;

export const createGrid = ({ space, asked }: StrategyOptions): Strategy => {
  let next = (asked.at(-1) ?? -1) + 1;
  return {
    ask: (count) => {
      const points: number[] = [];
      for (let looked = 0; points.length < count && next < space.size && looked < LOOKED_AT_MAX; looked += 1, next += 1)
        if (space.isValid(next)) points.push(next);
      return points;
    },
    report: () => undefined,
  };
};
