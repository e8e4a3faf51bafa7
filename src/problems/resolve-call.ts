/** How a program is called in a case: the section `call` of problem.yaml with its names resolved. Pure. */
import { type CallData, isList, MODEL_SEED, type ModelArguments } from '../domain/program-call.ts';
import type { HandedData, ModelCall, Value } from '../domain/program-unit.ts';
import type { Problem, ProblemCase } from '../domain/problem.ts';
import { ownValue } from '../platform/own-value.ts';
import { PlanError } from './plan-error.ts';

const NODES_MAX = 256;
const DEPTH_MAX = 8;

/** What a program of the style `custom_kernel` is handed; undefined: inputs first, then outputs. Throws PlanError naming the part. */
export const handedData = (problem: Problem, { shape }: Pick<ProblemCase, 'shape'>): HandedData | undefined => {
  const data = problem.call?.data;
  if (data === undefined) return undefined;
  const nodes = countOf(data);
  if (nodes > NODES_MAX) throw new PlanError('call.data', `it has ${nodes} parts; at most ${NODES_MAX} are allowed`);
  const values = valuesOf(problem, { shape });
  return resolveData(data, { problem, values, field: 'call.data', depth: 1 });
};

/** Shape variables and scalars: what is whole in C is an int in Python. */
export const valuesOf = (problem: Problem, { shape }: Pick<ProblemCase, 'shape'>): Readonly<Record<string, Value>> => ({
  ...Object.fromEntries(problem.variables.map((name) => [name, { kind: 'int' as const, value: shape[name] ?? 0 }])),
  ...Object.fromEntries(
    Object.entries(problem.scalars).map(([name, { dtype, value }]) => [
      name,
      dtype.startsWith('f') ? { kind: 'float' as const, value } : numberOf(value),
    ]),
  ),
});

/** A model's constructor, and the seed before it. */
export const modelCallOf = ({ call }: Pick<Problem, 'call'>): ModelCall => ({
  init: argumentsOf(call?.init),
  seed: call?.seed ?? MODEL_SEED,
});

const argumentsOf = (init: NonNullable<Problem['call']>['init']): ModelArguments => {
  if (init === undefined) return { positional: [], keywords: {} };
  return 'positional' in init ? init : { positional: [...init], keywords: {} };
};

interface Place {
  readonly problem: Problem;
  readonly values: Readonly<Record<string, Value>>;
  readonly field: string;
  readonly depth: number;
}

const resolveData = (data: CallData, place: Place): HandedData => {
  if (place.depth > DEPTH_MAX) throw new PlanError(place.field, `it is nested deeper than ${DEPTH_MAX}`);
  if (data === null || typeof data === 'boolean') return { kind: 'constant', value: data };
  if (typeof data === 'number') return numberOf(data);
  if (typeof data === 'string') return named(data, place);
  const within = (part: CallData, at: string): HandedData =>
    resolveData(part, { ...place, field: `${place.field}${at}`, depth: place.depth + 1 });
  if (isList(data)) return { kind: 'tuple', items: data.map((part, at) => within(part, `[${at}]`)) };
  const entries = Object.entries(data).map(([name, part]) => [name, within(part, `.${name}`)] as const);
  return { kind: 'dict', entries: Object.fromEntries(entries) };
};

const named = (name: string, { problem, values, field }: Place): HandedData => {
  if (Object.hasOwn(problem.tensors, name)) return { kind: 'tensor', name };
  const value = ownValue(values, name);
  if (value) return value;
  const known = [...Object.keys(problem.tensors), ...Object.keys(values)].join(', ');
  throw new PlanError(field, `"${name}" is no tensor, shape variable or scalar of the problem; it has: ${known}`);
};

const numberOf = (value: number): Value => (Number.isSafeInteger(value) ? { kind: 'int', value } : { kind: 'float', value });

const countOf = (data: CallData): number => {
  if (typeof data !== 'object' || data === null) return 1;
  return Object.values(data).reduce<number>((sum, part: CallData) => sum + countOf(part), 1);
};
