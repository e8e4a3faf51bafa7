/** A mean that forgets: exact over its first `window` values, then exponential over about the last `window`. */
export interface LearnedMean {
  /** Null before the first value. */
  readonly value: number | null;
  add(value: number): void;
}

export const createLearnedMean = (window: number): LearnedMean => {
  let mean = 0;
  let seen = 0;
  return {
    get value() {
      return seen === 0 ? null : mean;
    },
    add(value) {
      seen = Math.min(window, seen + 1);
      mean += (value - mean) / seen;
    },
  };
};
