import { ownValue } from '../../platform/own-value.ts';

type GivenParams = Readonly<Record<string, string | number>>;

/** "BLOCK=256 VEC=4" */
export const paramsText = (params: GivenParams): string =>
  Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** Of each that differs: "BLOCK 128 -> 256". */
export const changedParams = (from: GivenParams, to: GivenParams): readonly string[] =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .map((name) => ({ name, before: ownValue(from, name), after: ownValue(to, name) }))
    .filter(({ before, after }) => before !== after)
    .map(({ name, before = UNSET, after = UNSET }) => `${name} ${before} -> ${after}`);

const UNSET = 'as the plan says';
