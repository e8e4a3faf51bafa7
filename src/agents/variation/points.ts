/** The points of a declared space, one after the other, for when drawing them finds nothing new any more. Pure. */
import type { ParamValue, Params } from '../../domain/plan/plan.ts';
import type { Change, Parent } from './variation.ts';

/** Points that are looked at. Drawing finds what is new in a larger space. */
const POINTS_MAX = 1024;

/** The first point of the parent's `space` that `accept` takes; null where there is none, or no space, or too large a one. */
export const firstPoint = (parent: Parent, accept: (change: Change) => boolean): Change | null => {
  const axes = Object.entries(parent.plan.space ?? {}).filter(([name]) => Object.hasOwn(parent.params, name));
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  if (axes.length === 0 || count > POINTS_MAX) return null;
  for (let index = 0; index < count; index += 1) {
    const params = pointAt(axes, index);
    const changed = Object.keys(params).filter((name) => params[name] !== parent.params[name]);
    if (changed.length === 0) continue;
    const { language, source } = parent;
    const note = changed.map((name) => `${name} ${parent.params[name]} -> ${params[name]}`).join(', ');
    const change = { variant: { language, source, params: { ...parent.params, ...params } }, note, changed };
    if (accept(change)) return change;
  }
  return null;
};

const pointAt = (axes: readonly (readonly [string, readonly ParamValue[]])[], index: number): Params => {
  const params: Record<string, ParamValue> = {};
  let rest = index;
  for (const [name, values] of axes) {
    const value = values[rest % values.length];
    if (value !== undefined) params[name] = value;
    rest = Math.floor(rest / values.length);
  }
  return params;
};
