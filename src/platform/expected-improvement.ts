/** How much better than the best a value is expected to be that is known with a deviation. Pure. */
import type { Prediction } from './regression-forest.ts';

const DEVIATION_MIN = 1e-9;

export const expectedImprovement = ({ mean, deviation }: Prediction, best: number): number => {
  const sigma = Math.max(DEVIATION_MIN, deviation);
  const z = (mean - best) / sigma;
  return (mean - best) * distribution(z) + sigma * density(z);
};

const density = (z: number): number => Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);

/** Of the normal distribution, to about seven digits (Abramowitz and Stegun 26.2.17). */
const distribution = (z: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const upper = density(z) * series;
  return z >= 0 ? 1 - upper : upper;
};
