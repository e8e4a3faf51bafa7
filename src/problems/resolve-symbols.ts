/** Variables of the code that a plan fills, for one case. Pure. */
import { DTYPE_BYTES } from '../domain/plan/dtype.ts';
import type { ResolvedSymbol } from '../domain/plan/resolved-plan.ts';
import { PlanError } from './plan-error.ts';
import { type LaunchContext, namedValue } from './resolve-launch.ts';
import { resolveShapes } from './shapes.ts';

/** They are copied before every run: what is larger is an argument. */
const SYMBOL_BYTES_MAX = 16 * 2 ** 20;

type Context = Omit<LaunchContext, 'field'>;

/** Throws PlanError naming the symbol. */
export const resolveSymbols = (context: Context): ResolvedSymbol[] => {
  const { plan, language, params } = context;
  return Object.entries(plan.symbols ?? {}).map(([name, value]) => {
    const field = `symbols.${name}`;
    if (language === 'triton')
      throw new PlanError(field, `a Triton kernel has no variables that could be filled: take "${value}" as an argument`);
    if (Object.hasOwn(params, name))
      throw new PlanError(field, `"${name}" is a param too, so the code has the param's value there; choose another name`);
    return { name, value: valueOf(value, { ...context, field }) };
  });
};

const valueOf = (name: string, context: LaunchContext): ResolvedSymbol['value'] => {
  const value = namedValue(name, context);
  if (!value)
    throw new PlanError(context.field, `unknown name "${name}"; a symbol is filled with ${knownTo(context).join(', ')}`);
  if (value.kind === 'scratch')
    throw new PlanError(context.field, `"${name}" is a scratch buffer, which holds nothing before a run: pass it as an argument`);
  if (value.kind === 'tensor') refuseTensor(name, context);
  return value;
};

const knownTo = ({ problem, shape, plan }: LaunchContext): readonly string[] => {
  const inputs = Object.entries(problem.tensors).flatMap(([name, { role }]) => (role === 'in' ? [name] : []));
  return [...inputs, ...[shape, problem.scalars, plan.let].flatMap((names) => Object.keys(names))];
};

const refuseTensor = (name: string, { problem, shape, field }: LaunchContext): void => {
  const tensor = problem.tensors[name];
  if (tensor?.role !== 'in')
    throw new PlanError(
      field,
      `"${name}" is written by the kernel: a symbol is filled with a tensor of role in; pass it as an argument`,
    );
  const elements = (resolveShapes(problem, shape)[name] ?? []).reduce((product, size) => product * size, 1);
  const bytes = elements * DTYPE_BYTES[tensor.dtype];
  if (bytes > SYMBOL_BYTES_MAX)
    throw new PlanError(
      field,
      `"${name}" has ${bytes} bytes; a symbol is filled with at most ${SYMBOL_BYTES_MAX}: pass it as an argument`,
    );
};
