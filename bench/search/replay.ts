/** A strategy on a space whose every point is known, as a sweep runs it: some points wait for their verdicts while others are asked for. */
import type { Strategy } from '../../src/sweeps/strategies/strategy.ts';
import type { KnownSpace } from './recorded-space.ts';

/** As many as a sweep has on their way for one device (src/sweeps/run/limits.ts). */
const ON_THEIR_WAY = 16;

/** The best value after each verdict; -Infinity before anything passed. */
export const replay = (strategy: Strategy, known: KnownSpace, verdicts: number): readonly number[] => {
  const waiting: number[] = [];
  const curve: number[] = [];
  let best = -Infinity;
  while (curve.length < verdicts) {
    waiting.push(...strategy.ask(Math.min(ON_THEIR_WAY, verdicts - curve.length) - waiting.length));
    const point = waiting.shift();
    if (point === undefined) break;
    const value = known.valueOf(point);
    best = Math.max(best, value ?? -Infinity);
    curve.push(best);
    strategy.report([{ point, value }]);
  }
  while (curve.length < verdicts) curve.push(best);
  return curve;
};
