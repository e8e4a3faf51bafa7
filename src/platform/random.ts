/** Chance that is drawn from seeds: the same seeds, the same draws. Searches, sweeps and simulations know no other. */

/** Uniform in [0, 1). */
export type Random = () => number;

/** Begun at a mix of all `seeds`. */
export const randomFrom = (...seeds: readonly number[]): Random =>
  mulberry32(seeds.reduce((mixed, seed) => mix(mixed ^ (seed >>> 0)), SEED_START));

/** A small public-domain generator, begun at `seed` itself: sweeps of that seed drew these points ever since. */
export const mulberry32 = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
};

const SEED_START = 0x9e3779b9;

/** Every bit of the input changes half of the output's: neighbouring seeds draw nothing alike. */
export const mix = (value: number): number => {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** A whole number in [0, count). */
export const below = (random: Random, count: number): number => Math.floor(random() * count);

export const pick = <T>(random: Random, items: readonly T[]): T | undefined => items[below(random, items.length)];

/** By weight, each above 0; undefined of nothing. */
export const pickWeighted = <T>(random: Random, items: readonly (readonly [T, number])[]): T | undefined => {
  let left = random() * items.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [item, weight] of items) {
    left -= weight;
    if (left < 0) return item;
  }
  return items.at(-1)?.[0];
};

/** `count` different ones, in the order drawn; all of them where there are fewer. */
export const sample = <T>(random: Random, items: readonly T[], count: number): readonly T[] => {
  const left = [...items];
  return Array.from({ length: Math.min(count, items.length) }, () => left.splice(below(random, left.length), 1)).flat();
};
