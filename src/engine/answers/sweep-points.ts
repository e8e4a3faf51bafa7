/** The points of a sweep. Pure: the same request gives the same points in the same order. */
import type { z } from 'zod';
import { SWEEP_POINTS_MAX } from '../../domain/api/sweeps.ts';
import type { CreateSweep } from '../../domain/api/sweeps.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Params, ParamValue } from '../../domain/plan/plan.ts';
import { mulberry32 } from '../../platform/random.ts';
import { parseHeader } from '../../problems/parse-header.ts';

type Sweep = Pick<z.output<typeof CreateSweep>, 'grid' | 'random'>;

/** The grid of a sweep: its own, or else the plan's space. A param that the candidate sets stays as it is set. */
export const gridOf = ({ candidate, grid }: Pick<z.output<typeof CreateSweep>, 'candidate' | 'grid'>): Sweep['grid'] => {
  if (Object.keys(grid).length > 0) return grid;
  const header = parseHeader(candidate.source, candidate.language);
  const space = Object.entries(header.ok ? (header.plan.space ?? {}) : {});
  return Object.fromEntries(space.filter(([name]) => !Object.hasOwn(candidate.params, name)));
};

/** Grid: the full product, last axis fastest. Random: `count` different points of that product, drawn by `seed`. */
export const sweepPoints = (sweep: Sweep): readonly Params[] => {
  const axes = Object.entries(sweep.grid);
  if (axes.length === 0)
    throw new KilnError(
      'INVALID_REQUEST',
      'grid: no param is varied: the grid is empty and the plan declares no "space". Name params of the plan with their values (--grid BLOCK=128,256)',
    );
  const size = axes.reduce((product, [, values]) => product * values.length, 1);
  if (sweep.random) return randomIndices(size, sweep.random).map((index) => pointAt(axes, index));
  if (size > SWEEP_POINTS_MAX) {
    throw new KilnError(
      'BATCH_TOO_LARGE',
      `grid: ${size} points; the limit is ${SWEEP_POINTS_MAX}. Use fewer values, or "random" with a count`,
    );
  }
  return Array.from({ length: size }, (_, index) => pointAt(axes, index));
};

/** Every point would be the same plan error. What else is wrong with a plan is the verdict of each candidate. */
export const refuseUnknownParams = ({ candidate, grid }: Pick<z.output<typeof CreateSweep>, 'candidate' | 'grid'>): void => {
  const header = parseHeader(candidate.source, candidate.language);
  if (!header.ok) return;
  const declared = Object.keys(header.plan.params);
  const unknown = Object.keys(grid).find((name) => !declared.includes(name));
  if (unknown === undefined) return;
  const known = declared.length === 0 ? 'it declares none' : `declared are ${declared.join(', ')}`;
  throw new KilnError('INVALID_REQUEST', `grid.${unknown}: the header declares no param "${unknown}"; ${known}`);
};

const pointAt = (axes: readonly (readonly [string, readonly ParamValue[]])[], index: number): Params => {
  let rest = index;
  const point: Params = {};
  for (const [name, values] of axes.toReversed()) {
    const value = values[rest % values.length];
    if (value !== undefined) point[name] = value;
    rest = Math.floor(rest / values.length);
  }
  return point;
};

/** Partial Fisher-Yates over a sparse array: no memory for the points that are not drawn. */
const randomIndices = (size: number, random: { readonly count: number; readonly seed: number }): readonly number[] => {
  if (!Number.isSafeInteger(size))
    throw new KilnError('BATCH_TOO_LARGE', 'grid: more points than can be counted; use fewer values');
  const next = mulberry32(random.seed);
  const moved = new Map<number, number>();
  return Array.from({ length: Math.min(random.count, size) }, (_, drawn) => {
    const pick = drawn + Math.floor(next() * (size - drawn));
    const value = moved.get(pick) ?? pick;
    moved.set(pick, moved.get(drawn) ?? drawn);
    return value;
  });
};
