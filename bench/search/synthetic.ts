/**
 * Spaces with a known structure, drawn from seeds: node bench/search/synthetic.ts writes them to bench/search/spaces. Nothing in them was measured; they say
 * how a strategy does where the structure is as it is named.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSpace } from '../../src/domain/sweep/space.ts';
import { type Random, randomFrom } from '../../src/platform/random.ts';
import type { RecordedSpace } from './recorded-space.ts';

interface Shape {
  readonly name: string;
  readonly note: string;
  readonly axes: Readonly<Record<string, (number | string)[]>>;
  readonly where: string[];
  /** From places on the axes, 0 to 1, to the logarithm of a speed-up; null: it does not pass. */
  readonly valueOf: (at: readonly number[], random: Random) => number | null;
}

const powers = (low: number, high: number): number[] =>
  Array.from({ length: Math.log2(high / low) + 1 }, (_, step) => low * 2 ** step);
const steps = (low: number, high: number, step: number): number[] =>
  Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);
const near = (at: number, top: number, width: number): number => Math.exp(-(((at - top) / width) ** 2));

const SHAPES: readonly Shape[] = [
  {
    name: 'synthetic-separable',
    note: 'every axis has its own best value; they do not interact',
    axes: { A: powers(1, 128), B: steps(1, 9, 1), C: powers(1, 32), D: [0, 1] },
    where: [],
    valueOf: ([a = 0, b = 0, c = 0, d = 0]) => near(a, 0.6, 0.4) + 0.7 * near(b, 0.3, 0.3) + 0.4 * near(c, 0.8, 0.5) + 0.2 * d,
  },
  {
    name: 'synthetic-tiles',
    note: 'tiles whose product must fit: the best lie along the edge of what a condition allows, and too large ones fail',
    axes: {
      TM: powers(8, 256),
      TN: powers(8, 256),
      TK: powers(4, 64),
      WARPS: powers(1, 16),
      STAGES: steps(1, 5, 1),
      SWIZZLE: [0, 1],
    },
    where: ['TM * TN <= 256 * 32 * WARPS', 'TM * TN >= 32 * WARPS'],
    valueOf: ([m = 0, n = 0, k = 0, w = 0, s = 0, z = 0]) =>
      (m + n) * (0.6 + s) + k > 2.6
        ? null
        : near(m + n, 1.3, 0.5) * (0.6 + near(w, (m + n) / 2.2, 0.25)) + 0.3 * near(k, 0.6 - 0.3 * s, 0.3) + 0.15 * z * s,
  },
  {
    name: 'synthetic-rugged',
    note: 'a hill under noise that belongs to each point: neighbours say little',
    axes: { A: steps(1, 16, 1), B: steps(1, 12, 1), C: powers(1, 16), D: ['row', 'column', 'tiled'] },
    where: [],
    valueOf: ([a = 0, b = 0, c = 0, d = 0], random) =>
      0.5 * near(a, 0.4, 0.3) + 0.4 * near(b, c, 0.4) + (d === 0.5 ? 0.2 : 0) + 0.35 * random(),
  },
  {
    name: 'synthetic-cliffs',
    note: 'a third does not pass, beside the best; what one axis should be depends on a choice on another',
    axes: {
      BLOCK: powers(32, 1024),
      VEC: powers(1, 16),
      UNROLL: powers(1, 32),
      PATH: ['a', 'b', 'c', 'd'],
      CACHE: [0, 1],
      SPLIT: steps(1, 6, 1),
    },
    where: [],
    valueOf: ([block = 0, vec = 0, unroll = 0, path = 0, cache = 0, split = 0]) => {
      if (vec + unroll + block > 2.1 || (path === 1 && cache === 1)) return null;
      return (
        near(vec + unroll, 0.9 + 0.3 * path, 0.35) +
        0.6 * near(block, 0.3 + 0.5 * path, 0.3) +
        0.3 * cache * near(split, 0.4, 0.3)
      );
    },
  },
];

const DIGITS = 5;

const recordedOf = ({ note, axes, where, valueOf }: Shape, seed: number): RecordedSpace => {
  const space = createSpace({ axes, where, fixed: {} });
  const valueAt = (point: number): number | null => {
    if (!space.isValid(point)) return null;
    const places = space.placesOf(point).map((place, axis) => place / Math.max(1, (space.axes[axis]?.values.length ?? 1) - 1));
    return valueOf(places, randomFrom(seed, point));
  };
  const values = Array.from({ length: space.size }, (_, point) => valueAt(point));
  const passed = values.filter((value) => value !== null).length;
  const valid = values.filter((_, point) => space.isValid(point)).length;
  return {
    kind: 'synthetic',
    note: `computed by bench/search/synthetic.ts, not measured: ${note}`,
    device: 'none',
    axes,
    where,
    speedups: values.map((value) => (value === null ? null : Number(Math.exp(value).toPrecision(DIGITS)))),
    verdicts: { passed, ...(valid > passed ? { crashed: valid - passed } : {}) },
  };
};

SHAPES.forEach((shape, index) => {
  const file = join(import.meta.dirname, 'spaces', `${shape.name}.json`);
  const recorded = recordedOf(shape, index + 1);
  writeFileSync(file, `${JSON.stringify(recorded)}\n`);
  process.stdout.write(`${file}: ${recorded.speedups.length} points, ${recorded.verdicts['passed']} passed\n`);
});
