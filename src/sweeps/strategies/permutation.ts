/** All numbers below `size`, each once, in an order that a seed draws; any place of it at once, so that nothing is kept of a large space. Pure. */
import { mix } from '../../platform/random.ts';

const ROUNDS = 4;

export interface Permutation {
  at(place: number): number;
  placeOf(value: number): number;
}

/** A Feistel network over the next even power of two; what falls outside goes round again. */
export const createPermutation = (size: number, seed: number): Permutation => {
  const halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
  const half = 2 ** halfBits;
  const scrambled = (value: number, round: number): number => mix(mix(value ^ Math.imul(round + 1, 0x9e3779b9)) ^ seed) % half;
  const forth = (value: number): number => {
    let [left, right] = [Math.floor(value / half), value % half];
    for (let round = 0; round < ROUNDS; round += 1) [left, right] = [right, (left + scrambled(right, round)) % half];
    return left * half + right;
  };
  const back = (value: number): number => {
    let [left, right] = [Math.floor(value / half), value % half];
    for (let round = ROUNDS - 1; round >= 0; round -= 1) [left, right] = [(right - scrambled(left, round) + half) % half, left];
    return left * half + right;
  };
  const walk = (step: (value: number) => number, from: number): number => {
    let value = step(from);
    while (value >= size) value = step(value);
    return value;
  };
  return { at: (place) => walk(forth, place), placeOf: (value) => walk(back, value) };
};
