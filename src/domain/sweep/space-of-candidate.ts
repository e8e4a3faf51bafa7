/** The space of a sweep over one candidate: what was asked for, or what its plan names. Pure. */
import { KilnError } from '../errors.ts';
import type { LaunchPlan, ParamValue, Params } from '../plan/plan.ts';
import type { SpaceSpec } from './space.ts';
import { ownValue } from '../../platform/own-value.ts';

export interface SpaceWish {
  /** Empty: the plan's own. `true` and `false` stand for 1 and 0. */
  readonly space: Readonly<Record<string, readonly (ParamValue | boolean)[]>>;
  /** Besides the plan's own conditions. */
  readonly where: readonly string[];
  /** Set by the candidate: these stay as they are. */
  readonly params: Params;
  /** These stay as they are unless they are varied. */
  readonly base?: Params | undefined;
}

/** Throws KilnError naming the field. */
export const spaceOfCandidate = (plan: LaunchPlan, { space, where, params, base }: SpaceWish): SpaceSpec => {
  const own = Object.entries(plan.space ?? {}).filter(([name]) => !Object.hasOwn(params, name));
  const axes = Object.keys(space).length > 0 ? Object.entries(space) : own;
  if (axes.length === 0) throw invalid('space', NOTHING_VARIES);
  const valuesOf = (name: string, given: Given): ParamValue[] => checkedValues({ plan, set: params }, name, given);
  const fixed = { ...plan.params, ...base, ...params };
  return {
    axes: Object.fromEntries(axes.map(([name, values]) => [name, valuesOf(name, values)])),
    where: [...(plan.constraints ?? []), ...(plan.where ?? []), ...where],
    fixed: Object.fromEntries(Object.entries(fixed).filter(([name]) => !axes.some(([varied]) => varied === name))),
  };
};

const NOTHING_VARIES =
  'no param is varied: no space is given and the plan declares no "space". Name params of the plan with their values (--space BLOCK=128,256 or BLOCK=32..1024)';

type Given = readonly (ParamValue | boolean)[];

const checkedValues = (
  { plan, set }: { readonly plan: LaunchPlan; readonly set: Params },
  name: string,
  given: Given,
): ParamValue[] => {
  const usual = ownValue(plan.params, name);
  if (usual === undefined) {
    const declared = Object.keys(plan.params).join(', ');
    throw invalid(
      `space.${name}`,
      `the header declares no param "${name}"; ${declared === '' ? 'it declares none' : `declared are ${declared}`}`,
    );
  }
  if (Object.hasOwn(set, name))
    throw invalid(`space.${name}`, `the candidate sets ${name} to ${set[name]}: leave it out of the space, or do not set it`);
  const values = given.map((value) => truthOf(value, usual));
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw invalid(`space.${name}`, `${twice} is there twice; name each value once`);
  const other = values.find((value) => typeof value !== typeof usual);
  if (other === undefined) return values;
  throw invalid(`space.${name}`, `${name} is ${usual} by default, so "${other}" cannot stand for it: use ${kindOf(usual)}`);
};

const kindOf = (value: ParamValue): string => (typeof value === 'number' ? 'integers' : 'C identifiers');

/** On a command line they are words. */
const truthOf = (value: ParamValue | boolean, usual: ParamValue): ParamValue => {
  if (typeof value === 'boolean') return Number(value);
  if (typeof usual === 'number' && (value === 'true' || value === 'false')) return Number(value === 'true');
  return value;
};

const invalid = (field: string, message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `${field}: ${message}`, { details: { field } });
