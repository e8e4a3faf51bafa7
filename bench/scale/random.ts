import { mulberry32 } from '../../src/platform/random.ts';

/** Seeded, so that two runs decide alike. Uniform in [low, high). */
export type Draw = (low: number, high: number) => number;

export const seeded = (seed: number): Draw => {
  const random = mulberry32(seed);
  return (low, high) => low + random() * (high - low);
};
