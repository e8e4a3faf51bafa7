/** Seeded, so that two runs decide alike. Uniform in [low, high). */
export type Draw = (low: number, high: number) => number;

/** mulberry32 */
export const seeded = (seed: number): Draw => {
  let state = seed >>> 0;
  return (low, high) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return low + (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * (high - low);
  };
};
