/** The points that a sweep may try, as numbers: a point is its index in the product of all axes, the last axis fastest. Nothing is listed. Pure. */
import { KilnError } from '../errors.ts';
import { compileCondition, type Condition } from '../plan/condition.ts';
import { ExpressionError } from '../plan/expression-parser.ts';
import type { ParamValue, Params } from '../plan/plan.ts';

export interface Axis {
  readonly name: string;
  readonly values: readonly ParamValue[];
}

export interface SpaceSpec {
  readonly axes: Readonly<Record<string, ParamValue[]>>;
  /** What must hold of a point. */
  readonly where: string[];
  /** Params that stay as they are: conditions may name them. */
  readonly fixed: Params;
}

export interface Space {
  readonly axes: readonly Axis[];
  /** Points of the product, those that no condition allows among them. */
  readonly size: number;
  /** Of each axis, the place of the point's value in its list. */
  placesOf(point: number): number[];
  pointAt(places: readonly number[]): number;
  paramsOf(point: number): Params;
  /** The conditions hold. */
  isValid(point: number): boolean;
}

/** Throws KilnError where the space cannot be counted, or a condition names what is not there. */
export const createSpace = ({ axes: given, where, fixed }: SpaceSpec): Space => {
  const axes = Object.entries(given).map(([name, values]) => ({ name, values }));
  const size = axes.reduce((product, { values }) => product * values.length, 1);
  if (!Number.isSafeInteger(size))
    throw new KilnError('BATCH_TOO_LARGE', 'space: more points than can be counted; name fewer values');
  const placesOf = (point: number): number[] => {
    const places = axes.map(() => 0);
    let rest = point;
    for (let axis = axes.length - 1; axis >= 0; axis -= 1) {
      const count = axes[axis]?.values.length ?? 1;
      places[axis] = rest % count;
      rest = Math.floor(rest / count);
    }
    return places;
  };
  const paramsOf = (point: number): Params => {
    const params: Params = {};
    placesOf(point).forEach((place, index) => {
      const axis = axes[index];
      const value = axis?.values[place];
      if (axis && value !== undefined) params[axis.name] = value;
    });
    return params;
  };
  const conditions = where.map((text) => compiled(text, { ...fixed, ...paramsOf(0) }));
  return {
    axes,
    size,
    placesOf,
    pointAt: (places) => places.reduce((point, place, axis) => point * (axes[axis]?.values.length ?? 1) + place, 0),
    paramsOf,
    isValid: (point) => conditions.length === 0 || allHold(conditions, { ...fixed, ...paramsOf(point) }),
  };
};

/** Tried on the first point, so that a wrong name is reported at once. */
const compiled = (text: string, example: Params): Condition => {
  try {
    const condition = compileCondition(text);
    condition(example);
    return condition;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    if (/division by zero|safe integer/.test(error.message)) return compileCondition(text);
    throw new KilnError('INVALID_REQUEST', `where: ${error.message}`, { details: { field: 'where' }, cause: error });
  }
};

/** A point at which a condition has no value (a division by zero) is not worth trying. */
const allHold = (conditions: readonly Condition[], params: Params): boolean => {
  try {
    return conditions.every((condition) => condition(params));
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
};

/** How many points the conditions allow; null where there are more than `max` to look at. */
export const countValid = (space: Space, max: number): number | null => {
  if (space.size > max) return null;
  let count = 0;
  for (let point = 0; point < space.size; point += 1) if (space.isValid(point)) count += 1;
  return count;
};
