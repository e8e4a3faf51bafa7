/** From a launch plan with expressions to plain numbers for one case of a problem. Pure. */
import type { Scope } from '../domain/expression.ts';
import type { Language, Launch, LaunchPlan, Params } from '../domain/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { ResolvedArg, ResolvedLaunch, ResolvedPlan } from '../domain/resolved-plan.ts';
import { type Bounds, evaluateWithin, PlanError } from './plan-error.ts';

type Dim3 = ResolvedLaunch['grid'];
const ONE: Dim3 = [1, 1, 1];
const I32_MAX = 2 ** 31 - 1;
const TRITON_WARPS_DEFAULT = 4;
const TRITON_WARPS_MAX = 32;
const TRITON_STAGES_MAX = 32;
const WARP_THREADS = 32;

const bounds = (max: number, of: string, min = 1): Bounds => ({ min, max, of });
/** CUDA's own limits, the same for every architecture we name; what is smaller on one GPU its driver refuses. */
const GRID = [bounds(I32_MAX, 'grid x'), bounds(65_535, 'grid y'), bounds(65_535, 'grid z')] as const;
const BLOCK = [bounds(1024, 'block x'), bounds(1024, 'block y'), bounds(64, 'block z')] as const;
const CLUSTER = [bounds(16, 'cluster x'), bounds(16, 'cluster y'), bounds(16, 'cluster z')] as const;
const BLOCK_THREADS_MAX = 1024;
const CLUSTER_BLOCKS_MAX = 16;
const SHARED = bounds(227 * 1024, 'dynamic shared memory of a block, in bytes,', 0);
const SCRATCH = bounds(2 ** 30, 'a scratch buffer, in bytes,');

export interface PlanContext {
  readonly problem: Problem;
  readonly language: Language;
  /** Value of every shape variable of the case. */
  readonly shape: Readonly<Record<string, number>>;
  /** What the submitter sets; each must be declared in the header. */
  readonly params: Params;
}

export type PlanResult =
  | { readonly ok: true; readonly plan: ResolvedPlan }
  | { readonly ok: false; readonly field: string; readonly message: string };

/** `plan` for one case. `field` of a failure is the plan's field (`launch[0].grid[1]`, `params.BLOK`, `scratch.partial`). */
export const resolvePlan = (plan: LaunchPlan, context: PlanContext): PlanResult => {
  try {
    return { ok: true, plan: resolved(plan, context) };
  } catch (error) {
    if (error instanceof PlanError) return { ok: false, field: error.field, message: error.message };
    throw error;
  }
};

/** Header defaults with the submitter's values over them. Throws PlanError for a param that the header does not declare. */
export const effectiveParams = (plan: LaunchPlan, params: Params): Params => {
  for (const name of Object.keys(params)) {
    if (Object.hasOwn(plan.params, name)) continue;
    const known = Object.keys(plan.params).join(', ') || 'none';
    throw new PlanError(`params.${name}`, `the header declares no param "${name}"; declared are ${known}`);
  }
  return { ...plan.params, ...params };
};

/** Warps and stages of a Triton candidate: functions of its params alone, since one compilation serves every case. */
export const tritonOptions = (
  plan: LaunchPlan,
  params: Params,
): { readonly numWarps: number; readonly numStages: number | null } => {
  const scope = integersOf(params);
  const warps = plan.num_warps ?? TRITON_WARPS_DEFAULT;
  const numWarps = evaluateWithin(warps, { field: 'num_warps', scope, bounds: bounds(TRITON_WARPS_MAX, 'num_warps') });
  if (!Number.isInteger(Math.log2(numWarps)))
    throw new PlanError('num_warps', `"${warps}" is ${numWarps}; num_warps must be a power of two`);
  if (plan.num_stages === undefined) return { numWarps, numStages: null };
  const stages = { field: 'num_stages', scope, bounds: bounds(TRITON_STAGES_MAX, 'num_stages', 0) };
  return { numWarps, numStages: evaluateWithin(plan.num_stages, stages) };
};

const resolved = (plan: LaunchPlan, context: PlanContext): ResolvedPlan => {
  const params = effectiveParams(plan, context.params);
  refuseSharedNames(plan, context.problem);
  const scope: Scope = { ...integersOf(params), ...context.shape };
  const launches = plan.launch.map((launch, i) =>
    resolveLaunch(launch, { ...context, params, scope, plan, field: `launch[${i}]` }),
  );
  const scratch = Object.entries(plan.scratch).map(([name, bytes]): [string, number] => [
    name,
    evaluateWithin(bytes, { field: `scratch.${name}`, scope, bounds: SCRATCH }),
  ]);
  return { launches, scratch: Object.fromEntries(scratch) };
};

/** A param or scratch buffer called like something of the problem would make `n` mean two things in one file. */
const refuseSharedNames = (plan: LaunchPlan, problem: Problem): void => {
  const taken = new Set([...problem.variables, ...Object.keys(problem.tensors), ...Object.keys(problem.scalars)]);
  for (const kind of ['params', 'scratch'] as const) {
    for (const name of Object.keys(plan[kind])) {
      if (taken.has(name)) throw new PlanError(`${kind}.${name}`, `"${name}" is a name of the problem; choose another`);
    }
  }
};

interface LaunchContext extends PlanContext {
  readonly scope: Scope;
  readonly plan: LaunchPlan;
  readonly field: string;
}

const resolveLaunch = (launch: Launch, context: LaunchContext): ResolvedLaunch => {
  const args = launch.args.map((name, i) => resolveArg(name, { ...context, field: `${context.field}.args[${i}]` }));
  if (context.language === 'c') return { kernel: launch.kernel, grid: ONE, block: ONE, cluster: null, shared: 0, args };
  const grid = resolveDims(launch.grid, { ...context, field: `${context.field}.grid`, limits: GRID });
  if (context.language === 'triton') {
    const { numWarps } = tritonOptions(context.plan, context.params);
    return { kernel: launch.kernel, grid, block: [numWarps * WARP_THREADS, 1, 1], cluster: null, shared: 0, args };
  }
  const block = resolveDims(launch.block, { ...context, field: `${context.field}.block`, limits: BLOCK });
  refuseProduct(block, { field: `${context.field}.block`, max: BLOCK_THREADS_MAX, of: 'threads a block' });
  const cluster = launch.cluster ? resolveCluster(launch.cluster, grid, context) : null;
  const shared = evaluateWithin(launch.shared, { field: `${context.field}.shared`, scope: context.scope, bounds: SHARED });
  return { kernel: launch.kernel, grid, block, cluster, shared, args };
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

const resolveArg = (name: string, { problem, shape, plan, field }: LaunchContext): ResolvedArg => {
  if (Object.hasOwn(problem.tensors, name)) return { kind: 'tensor', name };
  if (Object.hasOwn(plan.scratch, name)) return { kind: 'scratch', name };
  if (Object.hasOwn(shape, name)) return { kind: 'scalar', dtype: 'i32', value: shape[name] ?? 0 };
  const scalar = Object.hasOwn(problem.scalars, name) ? problem.scalars[name] : undefined;
  if (scalar) return { kind: 'scalar', dtype: scalar.dtype, value: scalar.value };
  const known = [problem.tensors, shape, problem.scalars, plan.scratch].flatMap((names) => Object.keys(names));
  throw new PlanError(field, `unknown argument "${name}"; known are ${known.join(', ')}`);
};

const integersOf = (params: Params): Scope =>
  Object.fromEntries(Object.entries(params).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
