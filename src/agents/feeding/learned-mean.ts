/** A mean that forgets: exact over its first values, then exponential over about the last `window` of them. */
export interface LearnedMean {
  /** Null before the first value. */
  readonly value: number | null;
  add(value: number, window: number): void;
}

export const createLearnedMean = (): LearnedMean => {
  let mean = 0;
  let seen = 0;
  return {
    get value() {
      return seen === 0 ? null : mean;
    },
    add(value, window) {
      seen = Math.min(window, seen + 1);
      mean += (value - mean) / seen;
    },
  };
};
