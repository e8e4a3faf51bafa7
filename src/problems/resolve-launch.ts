/** One launch of a plan, for one case. Pure. */
import type { Scope } from '../domain/plan/expression.ts';
import { isCppName } from '../domain/plan/plan.ts';
import type { Language, Launch, LaunchPlan, Params } from '../domain/plan/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { ResolvedArg, ResolvedLaunch } from '../domain/plan/resolved-plan.ts';
import { ownValue } from '../platform/own-value.ts';
import { type Bounds, within, evaluateWithin, PlanError } from './plan-error.ts';
import { tritonOptions } from './plan-params.ts';

type Dim3 = ResolvedLaunch['grid'];
const ONE: Dim3 = [1, 1, 1];
const I32_MAX = 2 ** 31 - 1;
const WARP_THREADS = 32;
/** CUDA's own limits, the same for every architecture we name; what is smaller on one GPU its driver refuses. */
const GRID = [within(I32_MAX, 'grid x'), within(65_535, 'grid y'), within(65_535, 'grid z')] as const;
const BLOCK = [within(1024, 'block x'), within(1024, 'block y'), within(64, 'block z')] as const;
const CLUSTER = [within(16, 'cluster x'), within(16, 'cluster y'), within(16, 'cluster z')] as const;
const BLOCK_THREADS_MAX = 1024;
const CLUSTER_BLOCKS_MAX = 16;
/** Of a let that is an argument: an `int`, as shape variables are. */
const I32 = within(I32_MAX, 'an argument', -(2 ** 31));
const SHARED = within(227 * 1024, 'dynamic shared memory of a block, in bytes,', 0);

export interface PlanContext {
  readonly problem: Problem;
  readonly language: Language;
  /** Value of every shape variable of the case. */
  readonly shape: Readonly<Record<string, number>>;
  /** What the submitter sets; each must be declared in the header. */
  readonly params: Params;
}

export interface LaunchContext extends PlanContext {
  readonly scope: Scope;
  readonly plan: LaunchPlan;
  readonly field: string;
}

/** Throws PlanError naming the field. */
export const resolveLaunch = (launch: Launch, context: LaunchContext): ResolvedLaunch => {
  if (context.language !== 'cuda' && isCppName(launch.kernel))
    throw new PlanError(
      `${context.field}.kernel`,
      `"${launch.kernel}" is no C identifier; only CUDA C++ has other names for kernels`,
    );
  const args = launch.args.map((arg, i) => resolveArg(arg, { ...context, field: `${context.field}.args[${i}]` }));
  if (context.language === 'c') return { kernel: launch.kernel, grid: ONE, block: ONE, cluster: null, shared: 0, args };
  if (launch.cooperative === true && launch.cluster !== undefined)
    throw new PlanError(`${context.field}.cooperative`, 'a launch is cooperative or in clusters, not both');
  const together = launch.cooperative === true && { cooperative: true as const };
  const grid = resolveDims(launch.grid, { ...context, field: `${context.field}.grid`, limits: GRID });
  if (context.language === 'triton') {
    const { numWarps } = tritonOptions(context.plan, context.params);
    return { kernel: launch.kernel, grid, block: [numWarps * WARP_THREADS, 1, 1], cluster: null, ...together, shared: 0, args };
  }
  const block = resolveDims(launch.block, { ...context, field: `${context.field}.block`, limits: BLOCK });
  refuseProduct(block, { field: `${context.field}.block`, max: BLOCK_THREADS_MAX, of: 'threads a block' });
  const cluster = launch.cluster ? resolveCluster(launch.cluster, grid, context) : null;
  const shared = evaluateWithin(launch.shared, { field: `${context.field}.shared`, scope: context.scope, bounds: SHARED });
  return { kernel: launch.kernel, grid, block, cluster, ...together, shared, args };
};

const resolveCluster = (dims: Launch['grid'], grid: Dim3, context: LaunchContext): Dim3 => {
  const field = `${context.field}.cluster`;
  const cluster = resolveDims(dims, { ...context, field, limits: CLUSTER });
  refuseProduct(cluster, { field, max: CLUSTER_BLOCKS_MAX, of: 'blocks a cluster' });
  grid.forEach((blocks, i) => {
    const size = cluster[i] ?? 1;
    if (blocks % size !== 0)
      throw new PlanError(`${field}[${i}]`, `a grid of ${blocks} blocks is no multiple of the cluster's ${size}`);
  });
  return cluster;
};

const resolveDims = (
  dims: Launch['grid'],
  context: LaunchContext & { readonly limits: readonly [Bounds, Bounds, Bounds] },
): Dim3 => {
  const at = (i: 0 | 1 | 2): number =>
    evaluateWithin(dims[i] ?? 1, { field: `${context.field}[${i}]`, scope: context.scope, bounds: context.limits[i] });
  return [at(0), at(1), at(2)];
};

const refuseProduct = (dims: Dim3, limit: { readonly field: string; readonly max: number; readonly of: string }): void => {
  const product = dims[0] * dims[1] * dims[2];
  if (product > limit.max)
    throw new PlanError(limit.field, `[${dims.join(', ')}] is ${product} ${limit.of}; at most ${limit.max}`);
};

const resolveArg = (arg: Launch['args'][number], context: LaunchContext): ResolvedArg => {
  if (typeof arg === 'object') return { kind: 'scalar', ...arg };
  const value = namedValue(arg, context);
  if (value) return value;
  throw new PlanError(context.field, `unknown argument "${arg}"; known are ${knownNames(context).join(', ')}`);
};

/** What an argument or a symbol names; undefined for a name that nothing has. */
export const namedValue = (name: string, { problem, shape, plan, scope, field }: LaunchContext): ResolvedArg | undefined => {
  if (Object.hasOwn(problem.tensors, name)) return { kind: 'tensor', name };
  if (Object.hasOwn(plan.scratch, name)) return { kind: 'scratch', name };
  if (Object.hasOwn(shape, name)) return { kind: 'scalar', dtype: 'i32', value: shape[name] ?? 0 };
  if (Object.hasOwn(plan.let, name))
    return { kind: 'scalar', dtype: 'i32', value: evaluateWithin(name, { field, scope, bounds: I32 }) };
  const scalar = ownValue(problem.scalars, name);
  return scalar && { kind: 'scalar', dtype: scalar.dtype, value: scalar.value };
};

const knownNames = ({ problem, shape, plan }: LaunchContext): readonly string[] =>
  [problem.tensors, shape, problem.scalars, plan.scratch, plan.let].flatMap((names) => Object.keys(names));
