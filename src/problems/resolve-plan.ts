/** From a launch plan with expressions to plain numbers for one case of a problem. Pure. */
import type { Scope } from '../domain/plan/expression.ts';
import type { LaunchPlan } from '../domain/plan/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { ResolvedPlan } from '../domain/plan/resolved-plan.ts';
import { within, evaluateWithin, holds, PlanError } from './plan-error.ts';
import { effectiveParams, integersOf } from './plan-params.ts';
import { withLets } from './resolve-lets.ts';
import { type PlanContext, resolveLaunch } from './resolve-launch.ts';
import { resolveSymbols } from './resolve-symbols.ts';

const SCRATCH = within(2 ** 30, 'a scratch buffer, in bytes,');

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

/** Whether cases may differ in their launches. */
const isConditional = ({ launch }: LaunchPlan): boolean => launch.some(({ when }) => when !== undefined);

const resolved = (plan: LaunchPlan, context: PlanContext): ResolvedPlan => {
  const params = effectiveParams(plan, context.params);
  refuseSharedNames(plan, context.problem);
  const scope: Scope = withLets(plan, { ...integersOf(params), ...context.shape });
  const launches = plan.launch.flatMap((launch, i) => {
    const field = `launch[${i}]`;
    if (launch.when !== undefined && !holds(launch.when, { ...params, ...scope }, `${field}.when`)) return [];
    const resolvedLaunch = resolveLaunch(launch, { ...context, params, scope, plan, field });
    return [isConditional(plan) ? { ...resolvedLaunch, index: i } : resolvedLaunch];
  });
  if (launches.length === 0)
    throw new PlanError('launch', `no launch is left: the \`when\` of each of the ${plan.launch.length} is false here`);
  const scratch = Object.entries(plan.scratch).map(([name, bytes]): [string, number] => [
    name,
    evaluateWithin(bytes, { field: `scratch.${name}`, scope, bounds: SCRATCH }),
  ]);
  const symbols = resolveSymbols({ ...context, params, scope, plan });
  return { launches, scratch: Object.fromEntries(scratch), ...(symbols.length > 0 && { symbols }) };
};

/** Plans whose names were compared with those of a problem: that is the same in every case. */
const compared = new WeakMap<LaunchPlan, Problem>();

/** A param, let or scratch buffer called like something of the problem would make `n` mean two things in one file. */
const refuseSharedNames = (plan: LaunchPlan, problem: Problem): void => {
  if (compared.get(plan) === problem) return;
  const taken = new Set([...problem.variables, ...Object.keys(problem.tensors), ...Object.keys(problem.scalars)]);
  for (const kind of ['params', 'let', 'scratch'] as const) {
    for (const name of Object.keys(plan[kind])) {
      if (taken.has(name))
        throw new PlanError(`${kind}.${name}`, `"${name}" is taken by the problem, the params or the lets; choose another`);
      taken.add(name);
    }
  }
  compared.set(plan, problem);
};
