/**
 * An estimate of a ratio such as a speed-up, on its logarithm, where errors of ratios are alike to both sides and add up. Pure.
 * Source of the formulas: the inverse-variance weighted mean of independent measurements.
 */

/** Half of a 95 % interval, in standard deviations. */
export const Z_95 = 1.96;

export interface Estimate {
  /** Natural logarithm of the ratio. */
  readonly mean: number;
  /** Of `mean`. */
  readonly variance: number;
  /** Measurements in it. */
  readonly count: number;
}

export interface Interval {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

/** Of one measurement and its 95 % interval. */
export const estimateOf = ({ middle, low, high }: Interval): Estimate => ({
  mean: Math.log(middle),
  variance: (Math.log(high / low) / (2 * Z_95)) ** 2,
  count: 1,
});

/** The ratio with its 95 % interval. */
export const intervalOf = ({ mean, variance }: Estimate): Interval => {
  const half = Z_95 * Math.sqrt(variance);
  return { middle: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
};

/** How errors of several estimates add up to that of their sum. */
const ERROR_OF_SUM = {
  /** What makes one too large makes all of them: what a kernel gains by remembering, it gains in all cases of a problem. */
  alike: (variances: readonly number[]): number => variances.reduce((sum, variance) => sum + Math.sqrt(variance), 0) ** 2,
  /** Such as those of a pair's ratios of a problem's cases. */
  independent: (variances: readonly number[]): number => variances.reduce((sum, variance) => sum + variance, 0),
};

/** Geometric mean. */
export const meanOf = (estimates: readonly Estimate[], errors: keyof typeof ERROR_OF_SUM): Estimate => ({
  mean: estimates.reduce((sum, { mean }) => sum + mean, 0) / estimates.length,
  variance: ERROR_OF_SUM[errors](estimates.map(({ variance }) => variance)) / estimates.length ** 2,
  count: 1,
});

/** Both ends further out by a bound on the logarithm that repetitions do not make less. */
export const bounded = ({ middle, low, high }: Interval, bound: number): Interval => ({
  middle,
  low: low * Math.exp(-bound),
  high: high * Math.exp(bound),
});

/** The same, less sure: with an independent error of this variance added. */
export const widened = (estimate: Estimate, variance: number): Estimate => ({
  ...estimate,
  variance: estimate.variance + variance,
});

/** One estimate of what both measured. */
export const combined = (a: Estimate, b: Estimate): Estimate => {
  // Two that claim to be exact weigh alike.
  const share = a.variance + b.variance === 0 ? 0.5 : b.variance / (a.variance + b.variance);
  return {
    mean: share * a.mean + (1 - share) * b.mean,
    variance: share ** 2 * a.variance + (1 - share) ** 2 * b.variance,
    count: a.count + b.count,
  };
};
