/** Where a param may go: within the plan's space where it has one, else to sensible neighbours. Pure. */
import type { LaunchPlan, ParamValue, Params } from '../../domain/plan/plan.ts';
import { ownValue } from '../../platform/own-value.ts';

/** Other values of one param, the nearest first. */
export interface Axis {
  readonly name: string;
  readonly others: readonly ParamValue[];
}

/** Above it an integer is a size, and sizes are powers of two or multiples of one; below it counts also go by one. */
const SMALL_MAX = 16;
const INTEGER_MAX = 2 ** 20;

/** Params that can change. A plan with a space names all that may. */
export const axesOf = (plan: LaunchPlan, params: Params): readonly Axis[] =>
  Object.entries(params)
    .map(([name, value]) => ({ name, others: othersOf(plan, name, value).filter((other) => other !== value) }))
    .filter(({ others }) => others.length > 0);

const othersOf = ({ space }: LaunchPlan, name: string, value: ParamValue): readonly ParamValue[] => {
  if (space) return byNearness(ownValue(space, name) ?? [], value);
  return typeof value === 'number' ? neighbours(value) : [];
};

/** By their places in the list, which the author ordered. One outside of it is near to all. */
const byNearness = (values: readonly ParamValue[], value: ParamValue): readonly ParamValue[] => {
  const at = values.indexOf(value);
  if (at < 0) return values;
  return values
    .map((other, i) => [other, Math.abs(i - at)] as const)
    .toSorted((a, b) => a[1] - b[1])
    .map(([other]) => other);
};

const neighbours = (value: number): readonly number[] => {
  if (value === 0 || value === 1) return [1 - value, ...(value === 1 ? [2] : [])];
  const near = Math.abs(value) <= SMALL_MAX ? [value + 1, value - 1] : [];
  const doubled = value % 2 === 0 ? [value * 2, value / 2] : [value * 2];
  return [...new Set([...doubled, ...near])].filter((other) => other > 0 && other <= INTEGER_MAX);
};
