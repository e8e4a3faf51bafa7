import { CASE_BYTES_MAX } from '../domain/case-limits.ts';
import { type Dtype, DTYPE_BYTES, INTEGER_RANGES, INTEGER_TYPES } from '../domain/plan/dtype.ts';
import type { Compare, Distribution, DistributionSpec, Problem, ResolvedCompare, TensorSpec } from '../domain/problem.ts';
import type { ResolvedTensor } from '../domain/plan/resolved-plan.ts';
import { ownValue } from '../platform/own-value.ts';
import { type Bounds, evaluateWithin, PlanError } from './plan-error.ts';

type Distributions = Readonly<Record<string, DistributionSpec>>;
type Shape = Readonly<Record<string, number>>;

const DIMENSION: Bounds = { min: 1, max: 2 ** 40, of: 'a dimension' };
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
      distribution: resolveDistribution(ownValue(distributions, name) ?? tensor.distribution, { name, tensor, shape, dims }),
      ...(tensor.tolerance && { tolerance: tensor.tolerance }),
      ...(tensor.compare && { compare: resolveCompare(name, tensor.compare, shapes) }),
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

/** The distributions that a case gives for itself, at `shape`. Throws PlanError naming the tensor. */
export const resolveDistributions = (
  problem: Problem,
  shape: Shape,
  distributions: Distributions,
): Readonly<Record<string, Distribution>> => {
  refuseBadDistributions(problem, distributions);
  const shapes = resolveShapes(problem, shape);
  return Object.fromEntries(
    Object.entries(problem.tensors).flatMap(([name, tensor]) => {
      const own = ownValue(distributions, name);
      return own ? [[name, resolveDistribution(own, { name, tensor, shape, dims: shapes[name] ?? [] })]] : [];
    }),
  );
};

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Indices lie as `of` does, but for the last axis: as many a row as there are, or one. */
const resolveCompare = (name: string, compare: Compare, shapes: Shapes): ResolvedCompare => {
  const [indices, of] = [shapes[name] ?? [], ownValue(shapes, compare.of) ?? []];
  const rows = of.slice(0, -1);
  const each = indices.length === rows.length ? 1 : (indices.at(-1) ?? 1);
  const length = of.at(-1) ?? 1;
  const field = `tensors.${name}.compare`;
  if (indices.length > of.length || indices.length < rows.length || rows.some((size, axis) => size !== indices[axis]))
    throw new PlanError(
      field,
      `[${indices.join(', ')}] holds no indices of the last axis of ${compare.of}, [${of.join(', ')}]: the axes before it must be the same`,
    );
  if (compare.distinct && each > length)
    throw new PlanError(
      field,
      `${each} indices of ${length} elements of ${compare.of} cannot be distinct (\`distinct: false\` lets them repeat)`,
    );
  return { ...compare, length, each };
};

interface Drawn {
  readonly name: string;
  readonly tensor: TensorSpec;
  readonly shape: Shape;
  readonly dims: readonly number[];
}

const resolveDistribution = (spec: DistributionSpec, drawn: Drawn): Distribution => {
  const length = drawn.dims.at(-1) ?? 1;
  switch (spec.kind) {
    case 'integers': {
      const { sorted, ...plain } = { ...spec, ...integerBounds(spec, drawn) };
      return sorted ? { ...plain, kind: 'sorted_integers', length } : plain;
    }
    case 'permutation':
      refuseBeyond(drawn, length - 1);
      return { ...spec, length };
    case 'offsets':
      return { ...spec, length, total: offsetsTotal(spec.total, length, drawn) };
    case 'derived':
      return derivedWithin(spec, drawn);
    case 'mixture':
      return {
        ...spec,
        of: spec.of.map((part) => (part.kind === 'integers' ? { ...part, ...integerBounds(part, drawn) } : part)),
      };
    case 'uniform':
    case 'normal':
    case 'bits':
    case 'zeros':
    case 'subnormal':
    case 'exponents':
    case 'bernoulli':
      return spec;
  }
};

/** A kernel may index with an integer: the program that derives it is held to its bounds. */
const derivedWithin = (
  { kind, low, high }: Extract<DistributionSpec, { readonly kind: 'derived' }>,
  drawn: Drawn,
): Extract<Distribution, { readonly kind: 'derived' }> => {
  const { name, tensor } = drawn;
  const field = `tensors.${name}.distribution`;
  if (tensor.role === 'inout')
    throw new PlanError(field, `"${name}" has the role inout: what candidates write to is drawn, and not derived`);
  if (low === undefined && high === undefined) {
    if (!INDEX_TYPES.has(tensor.dtype)) return { kind };
    throw new PlanError(field, `${tensor.dtype} that is derived has bounds, low and high: kernels may index with it`);
  }
  if (!INTEGER_TYPES.has(tensor.dtype)) throw new PlanError(field, `bounds are of integers, not of ${tensor.dtype}`);
  if (low === undefined || high === undefined) throw new PlanError(field, 'low and high are given together');
  return { kind, ...integerBounds({ low, high }, drawn) };
};

/** Of those that are narrower every value is a small one. */
const INDEX_TYPES: ReadonlySet<Dtype> = new Set(['i64', 'i32', 'u32']);

const offsetsTotal = (total: string | number, length: number, drawn: Drawn): number => {
  const field = `tensors.${drawn.name}.distribution`;
  const value = evaluateWithin(total, {
    field: `${field}.total`,
    scope: drawn.shape,
    bounds: { min: 0, max: largestOf(drawn), of: `a value of ${drawn.tensor.dtype}` },
  });
  if (length > 1) return value;
  throw new PlanError(field, 'offsets of n segments are n + 1 elements along the last axis, which has but one');
};

/** A permutation's largest index. */
const refuseBeyond = (drawn: Drawn, index: number): void => {
  if (index > largestOf(drawn))
    throw new PlanError(`tensors.${drawn.name}.distribution`, `${drawn.tensor.dtype} does not hold the index ${index}`);
};

const largestOf = (drawn: Drawn): number => rangeOf(drawn)[1];

/** Floats hold all whole numbers that an expression can be, more or less exactly. */
const rangeOf = ({ tensor: { dtype, role } }: Drawn): readonly [number, number] =>
  (role === 'out' ? undefined : ownValue(INTEGER_RANGES, dtype)) ?? INTEGER_RANGES.i64;

const integerBounds = (
  { low, high }: { readonly low: string | number; readonly high: string | number },
  drawn: Drawn,
): { readonly low: number; readonly high: number } => {
  const { name, tensor, shape } = drawn;
  const field = `tensors.${name}.distribution`;
  const [min, max] = rangeOf(drawn);
  const bounds: Bounds = { min, max, of: `a value of ${tensor.dtype}` };
  const found = {
    low: evaluateWithin(low, { field: `${field}.low`, scope: shape, bounds }),
    high: evaluateWithin(high, { field: `${field}.high`, scope: shape, bounds }),
  };
  if (found.low <= found.high) return found;
  throw new PlanError(field, `there is no integer from ${low} (${found.low}) to ${high} (${found.high})`);
};

const refuseBadDistributions = (problem: Problem, distributions: Distributions): void => {
  for (const [name, { kind }] of Object.entries(distributions)) {
    // These are resolved by themselves.
    if (problem.derive && Object.hasOwn(problem.derive.raw, name)) continue;
    const tensor = ownValue(problem.tensors, name);
    if (tensor === undefined || tensor.role === 'out' || tensor.distribution.kind === 'derived' || kind === 'derived')
      throw new PlanError(`distributions.${name}`, `"${name}" is no tensor of the problem that is drawn`);
  }
  for (const [name, { dtype, role, distribution }] of Object.entries(problem.tensors)) {
    const used = ownValue(distributions, name) ?? distribution;
    const kinds: readonly string[] = used.kind === 'mixture' ? used.of.map(({ kind }) => kind) : [used.kind];
    if (role === 'out') continue;
    const reason = refusedFor(dtype, kinds, used.kind === 'integers' && used.sorted === true);
    if (reason !== undefined) throw new PlanError(`tensors.${name}.distribution`, reason);
  }
};

const refusedFor = (dtype: Dtype, kinds: readonly string[], isSorted: boolean): string | undefined => {
  if (INTEGER_TYPES.has(dtype) && kinds.includes('subnormal')) return `${dtype} has no subnormal numbers`;
  const indices = kinds.find((kind) => kind === 'permutation' || kind === 'offsets');
  if (!INTEGER_TYPES.has(dtype) && indices !== undefined) return `${indices} takes an integer type, not ${dtype}`;
  const whole = isSorted ? 'sorted integers' : kinds.find((kind) => kind === 'bernoulli');
  return dtype === 'f4e2m1x2' && whole !== undefined ? `${whole} cannot be drawn for ${dtype}, two values in a byte` : undefined;
};

const refuseBadShape = (problem: Problem, shape: Shape): void => {
  for (const name of problem.variables) {
    const value = ownValue(shape, name);
    if (value === undefined) throw new PlanError(`shape.${name}`, `the case gives no value for "${name}"`);
    if (value > I32_MAX) throw new PlanError(`shape.${name}`, `${value} is no i32, which is how kernels get shape variables`);
  }
  const extra = Object.keys(shape).find((name) => !problem.variables.includes(name));
  if (extra !== undefined)
    throw new PlanError(`shape.${extra}`, `"${extra}" is no variable of the problem; known are ${problem.variables.join(', ')}`);
};
