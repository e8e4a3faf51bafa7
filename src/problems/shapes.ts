import { type Dtype, DTYPE_BYTES } from '../domain/plan/dtype.ts';
import type { Distribution, Problem } from '../domain/problem.ts';
import type { ResolvedTensor } from '../domain/plan/resolved-plan.ts';
import { type Bounds, evaluateWithin, PlanError } from './plan-error.ts';

type Distributions = Readonly<Record<string, Distribution>>;
type Shape = Readonly<Record<string, number>>;

const DIMENSION: Bounds = { min: 1, max: 2 ** 40, of: 'a dimension' };
/** A case must fit beside its reference outputs, saved inputs and guards on a 40 GB GPU. */
const CASE_BYTES_MAX = 8 * 2 ** 30;
const I32_MAX = 2 ** 31 - 1;

/** Every tensor of a case with its number of elements, in the order of problem.yaml. Throws PlanError naming the field. */
export const resolveTensors = (problem: Problem, shape: Shape, distributions: Distributions = {}): ResolvedTensor[] => {
  refuseBadShape(problem, shape);
  refuseBadDistributions(problem, distributions);
  const shapes = resolveShapes(problem, shape);
  const tensors = Object.entries(problem.tensors).map(([name, tensor]) => {
    const dims = shapes[name] ?? [];
    return {
      name,
      dtype: tensor.dtype,
      elements: dims.reduce((a, b) => a * b, 1),
      role: tensor.role,
      distribution: distributions[name] ?? tensor.distribution,
    };
  });
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.elements * DTYPE_BYTES[tensor.dtype], 0);
  if (bytes > CASE_BYTES_MAX) throw new PlanError('tensors', `${bytes} bytes of tensors; the limit is ${CASE_BYTES_MAX}`);
  return tensors;
};

/** Of each tensor, in elements. Throws PlanError naming the dimension. */
export const resolveShapes = (problem: Problem, shape: Shape): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(
    Object.entries(problem.tensors).map(([name, tensor]) => [
      name,
      tensor.shape.map((dim, i) =>
        evaluateWithin(dim, { field: `tensors.${name}.shape[${i}]`, scope: shape, bounds: DIMENSION }),
      ),
    ]),
  );

const FLOATS: ReadonlySet<Dtype> = new Set(['f64', 'f32', 'f16', 'bf16', 'f8e4m3', 'f4e2m1x2']);

const refuseBadDistributions = (problem: Problem, distributions: Distributions): void => {
  for (const name of Object.keys(distributions)) {
    if (problem.tensors[name] === undefined || problem.tensors[name].role === 'out')
      throw new PlanError(`distributions.${name}`, `"${name}" is no tensor of the problem that is drawn`);
  }
  for (const [name, { dtype, role, distribution }] of Object.entries(problem.tensors)) {
    const used = distributions[name] ?? distribution;
    const kinds: readonly string[] = used.kind === 'mixture' ? used.of.map(({ kind }) => kind) : [used.kind];
    if (role !== 'out' && !FLOATS.has(dtype) && kinds.includes('subnormal'))
      throw new PlanError(`tensors.${name}.distribution`, `${dtype} has no subnormal numbers`);
  }
};

const refuseBadShape = (problem: Problem, shape: Shape): void => {
  for (const name of problem.variables) {
    const value = shape[name];
    if (value === undefined) throw new PlanError(`shape.${name}`, `the case gives no value for "${name}"`);
    if (value > I32_MAX) throw new PlanError(`shape.${name}`, `${value} is no i32, which is how kernels get shape variables`);
  }
  const extra = Object.keys(shape).find((name) => !problem.variables.includes(name));
  if (extra !== undefined)
    throw new PlanError(`shape.${extra}`, `"${extra}" is no variable of the problem; known are ${problem.variables.join(', ')}`);
};
