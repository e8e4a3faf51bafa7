/** Sees when the best gets no better any more. */
import type { Plateau } from '../../domain/sweep/sweep.ts';

export interface PlateauWatch {
  /** Logarithm of a speed-up; null: it did not pass. */
  add(value: number | null): void;
  readonly isFlat: boolean;
}

export const createPlateauWatch = (plateau: Plateau | null): PlateauWatch => {
  let mark = -Infinity;
  let count = 0;
  let countAtGain = 0;
  const step = Math.log1p(plateau?.gain ?? 0);
  return {
    add: (value) => {
      count += 1;
      if (value === null || value <= mark + step) return;
      [mark, countAtGain] = [value, count];
    },
    get isFlat() {
      return plateau !== null && mark > -Infinity && count - Math.max(countAtGain, plateau.after) >= plateau.points;
    },
  };
};
