import type { StrategyName } from '../../domain/sweep/sweep.ts';
import { createEvolve } from './evolve.ts';
import { createForest } from './forest.ts';
import { createGrid } from './grid.ts';
import { createLatinHypercube } from './latin-hypercube.ts';
import { createRandom } from './random.ts';
import type { Strategy, StrategyOptions } from './strategy.ts';

const CREATE = {
  grid: createGrid,
  random: createRandom,
  'latin-hypercube': createLatinHypercube,
  evolve: createEvolve,
  forest: createForest,
} as const satisfies Record<StrategyName, (options: StrategyOptions) => Strategy>;

export const createStrategy = (name: StrategyName, options: StrategyOptions): Strategy => CREATE[name](options);
