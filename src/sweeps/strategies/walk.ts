/** Goes through all points in an order of its own, each once; what conditions forbid is left out. Learns nothing. */
import { pointsFrom } from './points.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

/** Points that are looked at in one question: where conditions leave next to nothing, the daemon must not stand still. */
const LOOKED_AT_MAX = 1_000_000;

/** From places to points and back. */
export interface Order {
  at(place: number): number;
  placeOf(point: number): number;
}

export const createWalk = ({ space, asked }: Pick<StrategyOptions, 'space' | 'asked'>, order: Order): Strategy => {
  const last = asked.at(-1);
  let place = last === undefined ? 0 : order.placeOf(last) + 1;
  return {
    ask: (count) => {
      const end = Math.min(space.size, place + LOOKED_AT_MAX);
      return pointsFrom(count, () => {
        while (place < end) {
          const point = order.at(place);
          place += 1;
          if (space.isValid(point)) return point;
        }
        return null;
      });
    },
    report: () => undefined,
  };
};
