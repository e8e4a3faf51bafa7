/** Params, their values and conditions of a tuning problem. */
import { KilnError } from '../../domain/errors.ts';
import { type Params, ParamValue, SpaceCondition } from '../../domain/plan/plan.ts';
import { VALUES_MAX, valuesOfRange } from '../../domain/plan/value-range.ts';
import { createSpace } from '../../domain/sweep/space.ts';
import { conditionText } from './kiln-expression.ts';
import { parsePython } from './python-expression.ts';
import { type Value, valueOf } from './python-value.ts';
import { naming, refused } from './refused.ts';
import type { Parameter, T1 } from './t1.ts';

export interface TakenSpace {
  readonly axes: Readonly<Record<string, ParamValue[]>>;
  readonly where: string[];
  /** A point that the conditions allow: the default of each param where it is one. */
  readonly params: Params;
}

/** Points that are looked at for one that the conditions allow. */
const LOOKED_AT_MAX = 200_000;

export const spaceOf = ({ ConfigurationSpace: { TuningParameters, Conditions } }: T1): TakenSpace => {
  const twice = TuningParameters.find(({ Name }, index) => TuningParameters.findIndex((other) => other.Name === Name) !== index);
  if (twice) throw refused(`TuningParameters.${twice.Name}`, 'there are two of this name: give each values of its own, once');
  const axes = Object.fromEntries(TuningParameters.map((parameter) => [parameter.Name, [...valuesOf(parameter)]]));
  const where = [...new Set(Conditions.map(({ Expression }, index) => conditionOf(Expression, `Conditions[${index}]`)))];
  return { axes, where, params: allowedPoint(TuningParameters, axes, where) };
};

/** As a plan writes it: a range, where it is a long one of steps. */
export const axisText = (values: readonly ParamValue[]): readonly ParamValue[] | string => {
  const [first, second] = values;
  if (values.length <= LISTED_MAX || typeof first !== 'number' || typeof second !== 'number') return values;
  const text = `${first}..${values.at(-1)} step ${second - first}`;
  const range = valuesOfRange(text);
  return typeof range !== 'string' && range.length === values.length && range.every((value, index) => value === values[index])
    ? text
    : values;
};

/** Shorter lists are read at a glance. */
const LISTED_MAX = 16;

const valuesOf = ({ Name, Type, Values }: Parameter): readonly ParamValue[] => {
  const field = `TuningParameters.${Name}`;
  const found = naming(field, () => valueOf(parsePython(Values), {}));
  const list = typeof found === 'object' ? found : [found];
  if (list.length === 0 || list.length > VALUES_MAX) throw refused(field, `${list.length} values; 1 to ${VALUES_MAX} are taken`);
  return [...new Set(list.map((value) => paramValue(value, field, Type)))];
};

const paramValue = (value: Value, field: string, type: Parameter['Type']): ParamValue => {
  const parsed = ParamValue.safeParse(value);
  if (parsed.success) return parsed.data;
  const what = type === 'string' ? 'texts are taken where they are C identifiers' : 'params are whole numbers here';
  throw refused(
    field,
    `${JSON.stringify(value)} is not taken: ${what}; put an index into the space and choose the value in the kernel by #if`,
  );
};

const conditionOf = (expression: string, field: string): string => {
  const text = naming(field, () => conditionText(parsePython(expression)));
  const parsed = SpaceCondition.safeParse(text);
  if (parsed.success) return text;
  throw refused(field, parsed.error.issues.map(({ message }) => message).join('; '));
};

const allowedPoint = (parameters: readonly Parameter[], axes: TakenSpace['axes'], where: string[]): Params => {
  const space = createSpace({ axes, where, fixed: {} });
  const places = parameters.map(({ Name, Default }) => {
    const wanted = typeof Default === 'boolean' ? Number(Default) : Default;
    return Math.max(
      0,
      (axes[Name] ?? []).findIndex((value) => value === wanted),
    );
  });
  const usual = space.pointAt(places);
  if (space.isValid(usual)) return space.paramsOf(usual);
  for (let point = 0; point < Math.min(space.size, LOOKED_AT_MAX); point += 1)
    if (space.isValid(point)) return space.paramsOf(point);
  throw new KilnError('INVALID_REQUEST', `Conditions: none of the first ${LOOKED_AT_MAX} points meets all of them`);
};
