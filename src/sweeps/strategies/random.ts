/** Points drawn without repetition. */
import { createPermutation } from './permutation.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';
import { createWalk } from './walk.ts';

export const createRandom = (options: StrategyOptions): Strategy =>
  createWalk(options, createPermutation(options.space.size, options.seed));
