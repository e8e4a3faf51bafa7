/** `NAME=VALUE` and `NAME=V1,V2,…` of the command line. */
import { InvalidArgumentError } from 'commander';
import { type Params, ParamValue } from '../../domain/plan/plan.ts';
import { looksLikeRange, valuesOfRange } from '../../domain/plan/value-range.ts';

const NAME = /^[A-Za-z_]\w{0,127}$/;

/** For a repeatable `--param K=V`: adds to what came before. Throws what commander shows as a usage error. */
export const collectParam = (text: string, before: Params = {}): Params => {
  const [name, value] = splitPair(text);
  return { ...before, [name]: parseValue(value, name) };
};

/** Values, or a range as it is written. */
export type Space = Record<string, Params[string][] | string>;

/** For `--space BLOCK=64,128 "VEC=1..8 powers"`. */
export const collectAxis = (text: string, before: Space = {}): Space => {
  const [name, values] = splitPair(text);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice: put all its values in one list.`);
  if (!looksLikeRange(values)) {
    return { ...before, [name]: values.split(',').map((value) => parseValue(value.trim(), name, ', or a range such as 4..8')) };
  }
  const range = valuesOfRange(values);
  if (typeof range === 'string') throw new InvalidArgumentError(`${name}: ${range}.`);
  return { ...before, [name]: values };
};

const splitPair = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  if (at < 0 || !NAME.test(name)) throw new InvalidArgumentError('It must be NAME=VALUE, for example BLOCK=256.');
  if (name === '__proto__') throw new InvalidArgumentError('no param can be called __proto__: give it another name.');
  return [name, text.slice(at + 1)];
};

const parseValue = (text: string, name: string, others = ''): Params[string] => {
  const parsed = ParamValue.safeParse(/^-?\d+$/.test(text) ? Number(text) : text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`"${text}" is no value for ${name}: use an integer or a C identifier such as float4${others}.`);
};
