/** What a plan's params are and what follows from them alone, whatever the shape. Pure. */
import type { Scope } from '../domain/plan/expression.ts';
import { CompileOptions, type Language, type LaunchPlan, type Params } from '../domain/plan/plan.ts';
import type { KernelUnit } from '../domain/protocol.ts';
import { within, evaluateWithin, holds, PlanError } from './plan-error.ts';

const TRITON_WARPS_DEFAULT = 4;
const TRITON_WARPS_MAX = 32;
const TRITON_STAGES_MAX = 32;

/** Header defaults with the submitter's values over them. Throws PlanError for a param that the header does not declare. */
export const effectiveParams = (plan: LaunchPlan, params: Params): Params => {
  for (const name of Object.keys(params)) {
    if (Object.hasOwn(plan.params, name)) continue;
    const known = Object.keys(plan.params).join(', ') || 'none';
    throw new PlanError(`params.${name}`, `the header declares no param "${name}"; declared are ${known}`);
  }
  const effective = { ...plan.params, ...params };
  plan.constraints?.forEach((constraint, i) => refuseUnmet(constraint, effective, `constraints[${i}]`));
  return effective;
};

const refuseUnmet = (constraint: string, params: Params, field: string): void => {
  if (holds(constraint, params, field)) return;
  const named = [...new Set(constraint.match(/[A-Za-z_]\w*/gu))].filter((name) => Object.hasOwn(params, name));
  throw new PlanError(field, `"${constraint}" does not hold of ${named.map((name) => `${name} = ${params[name]}`).join(', ')}`);
};

/** Warps and stages of a Triton candidate: functions of its params alone, since one compilation serves every case. */
export const tritonOptions = (
  plan: LaunchPlan,
  params: Params,
): { readonly numWarps: number; readonly numStages: number | null } => {
  const scope = integersOf(params);
  const warps = plan.num_warps ?? TRITON_WARPS_DEFAULT;
  const numWarps = evaluateWithin(warps, { field: 'num_warps', scope, bounds: within(TRITON_WARPS_MAX, 'num_warps') });
  if (!Number.isInteger(Math.log2(numWarps)))
    throw new PlanError('num_warps', `"${warps}" is ${numWarps}; num_warps must be a power of two`);
  if (plan.num_stages === undefined) return { numWarps, numStages: null };
  const stages = { field: 'num_stages', scope, bounds: within(TRITON_STAGES_MAX, 'num_stages', 0) };
  return { numWarps, numStages: evaluateWithin(plan.num_stages, stages) };
};

const SWITCH = [0, 1] as const;
const OPTIONS = {
  use_fast_math: SWITCH,
  ftz: SWITCH,
  prec_div: SWITCH,
  prec_sqrt: SWITCH,
  fmad: SWITCH,
  extra_device_vectorization: SWITCH,
  maxrregcount: [16, 255],
  ptxas_opt_level: [0, 3],
} as const satisfies Record<keyof CompileOptions, readonly [number, number]>;

/** Of its compiler; undefined where the plan asks for nothing. Throws PlanError naming the option. */
export const compileOptions = (plan: LaunchPlan, language: Language, params: Params): KernelUnit['compile'] => {
  if (plan.compile === undefined) return undefined;
  if (language !== 'cuda') throw new PlanError('compile', `only the compiler of CUDA takes options, not that of ${language}`);
  const { compile } = plan;
  const scope = integersOf(params);
  const given = CompileOptions.keyof().options.flatMap((name): [string, number][] => {
    const [min, max] = OPTIONS[name];
    const asked = compile[name];
    return asked === undefined
      ? []
      : [[name, evaluateWithin(asked, { field: `compile.${name}`, scope, bounds: within(max, name, min) })]];
  });
  return Object.fromEntries(given);
};

/** The params that expressions may use. */
export const integersOf = (params: Params): Scope =>
  Object.fromEntries(Object.entries(params).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
