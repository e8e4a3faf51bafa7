/** Draws of a beta distribution: how likely something is of which there were so many successes and failures. */
import type { Random } from './random.ts';

/** Both above 0. */
export const betaFrom = (random: Random, successes: number, failures: number): number => {
  const [a, b] = [gammaFrom(random, successes), gammaFrom(random, failures)];
  return a + b === 0 ? 0.5 : a / (a + b);
};

const SERIES = 1 / 3;
const SQUEEZE = 0.0331;

/** Marsaglia and Tsang 2000; below 1 by the power of a uniform draw. */
const gammaFrom = (random: Random, shape: number): number => {
  if (shape < 1) return gammaFrom(random, shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - SERIES;
  const c = SERIES / Math.sqrt(d);
  for (;;) {
    const x = normalFrom(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random();
    if (u < 1 - SQUEEZE * x ** 4 || Math.log(u) < x ** 2 / 2 + d * (1 - v + Math.log(v))) return d * v;
  }
};

/** Box and Muller. */
const normalFrom = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
