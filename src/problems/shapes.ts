import { DTYPE_BYTES } from '../domain/dtype.ts';
import type { Problem } from '../domain/problem.ts';
import type { ResolvedTensor } from '../domain/resolved-plan.ts';
import { type Bounds, evaluateWithin, PlanError } from './plan-error.ts';

type Shape = Readonly<Record<string, number>>;

const DIMENSION: Bounds = { min: 1, max: 2 ** 40, of: 'a dimension' };
/** A case must fit beside its reference outputs, saved inputs and guards on a 40 GB GPU. */
const CASE_BYTES_MAX = 8 * 2 ** 30;
const I32_MAX = 2 ** 31 - 1;

/** Every tensor of a case with its number of elements, in the order of problem.yaml. Throws PlanError naming the field. */
export const resolveTensors = (problem: Problem, shape: Shape): ResolvedTensor[] => {
  refuseBadShape(problem, shape);
  const tensors = Object.entries(problem.tensors).map(([name, tensor]) => {
    const dims = tensor.shape.map((dim, i) =>
      evaluateWithin(dim, { field: `tensors.${name}.shape[${i}]`, scope: shape, bounds: DIMENSION }),
    );
    return {
      name,
      dtype: tensor.dtype,
      elements: dims.reduce((a, b) => a * b, 1),
      role: tensor.role,
      distribution: tensor.distribution,
    };
  });
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.elements * DTYPE_BYTES[tensor.dtype], 0);
  if (bytes > CASE_BYTES_MAX) throw new PlanError('tensors', `${bytes} bytes of tensors; the limit is ${CASE_BYTES_MAX}`);
  return tensors;
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
