/** Every point, in the order of the axes, the last one fastest. */
import type { Strategy, StrategyOptions } from './strategy.ts';
import { createWalk } from './walk.ts';

export const createGrid = (options: StrategyOptions): Strategy =>
  createWalk(options, { at: (place) => place, placeOf: (point) => point });
