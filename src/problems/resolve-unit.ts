/** Device code (candidate, reference or baseline) with its plans for every case. Pure. */
import { isCppName } from '../domain/plan/plan.ts';
import type { Language, LaunchPlan, Params } from '../domain/plan/plan.ts';
import type { Problem, ProblemCase } from '../domain/problem.ts';
import type { KernelUnit } from '../domain/protocol.ts';
import type { ResolvedArg, ResolvedPlan } from '../domain/plan/resolved-plan.ts';
import { hiddenProbes } from './hidden.ts';
import { parseHeader } from './parse-header.ts';
import { PlanError } from './plan-error.ts';
import { compileOptions, effectiveParams, tritonOptions } from './plan-params.ts';
import { resolvePlan } from './resolve-plan.ts';
import { casesOf, type Target } from './targets.ts';

export interface Code {
  readonly language: Language;
  readonly source: string;
  readonly params: Params;
}

export interface UnitContext {
  readonly problem: Problem;
  readonly target: Target;
  /** "sm_90a", or "native" for the cpu target. */
  readonly architecture: string;
}

export interface ResolvedUnit {
  readonly unit: KernelUnit;
  /** Case name -> plan. Every check case and every bench case of the target is there. */
  readonly plans: Readonly<Record<string, ResolvedPlan>>;
}

/** Throws PlanError for anything wrong with the header or its expressions. */
export const resolveUnit = (code: Code, context: UnitContext): ResolvedUnit => {
  if (code.language === 'python') throw new PlanError('language', 'a program has no launch plan');
  const { plan, params } = readCode(code);
  const plans = Object.fromEntries(
    casesOf(context.problem, context.target).map((item) => [item.name, planAt(plan, { code, params, item, context })]),
  );
  const probes = hiddenProbes(context.problem).map((item) => planAt(plan, { code, params, item, context }));
  const compile = compileOptions(plan, code.language, params);
  const unit = {
    language: code.language,
    source: code.source,
    params,
    architecture: context.architecture,
    ...(compile && { compile }),
  };
  if (code.language !== 'triton') return { unit: { ...unit, kernels: cppKernels(plan), numWarps: null, numStages: null }, plans };
  const places = casesOf(context.problem, context.target).map((item) => ({ code, params, item, context }));
  const known = [...Object.values(plans), ...probes];
  const kernels = signaturesOf(plan, [...known, ...leftOut(plan, known, places)], context.problem);
  return { unit: { ...unit, kernels, ...tritonOptions(plan, params) }, plans };
};

/** Its plan for one more case. Throws PlanError. */
export const resolvePlanAt = (code: Code, item: ProblemCase, context: Pick<UnitContext, 'problem'>): ResolvedPlan => {
  const { plan, params } = readCode(code);
  return planAt(plan, { code, params, item, context });
};

interface ReadCode {
  readonly plan: LaunchPlan;
  readonly params: Params;
}

/** What follows from code alone, which does not change: every judgement asks it of candidate, reference and baseline for a shape of its own. */
const codes = new WeakMap<Code, ReadCode>();

const readCode = (code: Code): ReadCode => {
  const known = codes.get(code);
  if (known) return known;
  const header = parseHeader(code.source, code.language);
  if (!header.ok) throw new PlanError(header.field, header.message);
  const read = { plan: header.plan, params: effectiveParams(header.plan, code.params) };
  codes.set(code, read);
  return read;
};

interface Place {
  readonly code: Code;
  readonly params: Params;
  readonly item: ProblemCase;
  readonly context: Pick<UnitContext, 'problem'>;
}

const planAt = (plan: LaunchPlan, { code, params, item, context }: Place): ResolvedPlan => {
  const result = resolvePlan(plan, { problem: context.problem, language: code.language, shape: item.shape, params });
  if (!result.ok) throw new PlanError(result.field, `case ${item.name}: ${result.message}`);
  return result.plan;
};

/** The compiler must be told which instances of templates to make, and says what they are called in the code. */
const cppKernels = ({ launch }: LaunchPlan): KernelUnit['kernels'] =>
  [...new Set(launch.map(({ kernel }) => kernel))].filter((name) => isCppName(name)).map((name) => ({ name, args: [] }));

type Signature = KernelUnit['kernels'][number];

/** Triton compiles for argument types. A value counts as divisible by 16 only where it is in every case and every launch. */
const signaturesOf = (plan: LaunchPlan, plans: readonly ResolvedPlan[], problem: Problem): Signature[] => {
  const signatures = new Map<string, Signature>();
  // A let may be divisible in every case that is known and not in a hidden one: the probes are made for shape variables.
  // A launch with a condition may be left out in the cases in which it is not, too.
  const typeOf = (arg: ResolvedArg, isUnknown: boolean): Signature['args'][number] =>
    isUnknown && arg.kind === 'scalar' ? { ...argType(arg, problem), divisibleBy16: false } : argType(arg, problem);
  plan.launch.forEach((launch, i) => {
    for (const resolved of plans) {
      const made = launchAt(resolved, i);
      if (!made) continue;
      const args = made.args.map((arg, at) => typeOf(arg, launch.when !== undefined || isLet(plan, launch.args[at])));
      const known = signatures.get(launch.kernel);
      signatures.set(launch.kernel, { name: launch.kernel, args: known ? merged(known, args, i) : args });
    }
  });
  return [...signatures.values()];
};

const isLet = (plan: LaunchPlan, arg: LaunchPlan['launch'][number]['args'][number] | undefined): boolean =>
  typeof arg === 'string' && Object.hasOwn(plan.let, arg);

const merged = (known: Signature, args: Signature['args'], launch: number): Signature['args'] => {
  const same =
    known.args.length === args.length &&
    args.every((arg, i) => arg.dtype === known.args[i]?.dtype && arg.pointer === known.args[i].pointer);
  if (!same) throw new PlanError(`launch[${launch}].args`, `"${known.name}" is launched with other argument types before`);
  return args.map((arg, i) => ({ ...arg, divisibleBy16: arg.divisibleBy16 && known.args[i]?.divisibleBy16 === true }));
};

/** Launches whose condition holds for no shape that is known, as they would be made: it may hold for a hidden one. */
const leftOut = (plan: LaunchPlan, known: readonly ResolvedPlan[], places: readonly Place[]): readonly ResolvedPlan[] =>
  plan.launch.flatMap((launch, i) => {
    if (launch.when === undefined || known.some((resolved) => launchAt(resolved, i) !== undefined)) return [];
    const alone = { ...plan, launch: [{ ...launch, when: undefined }] };
    for (const { code, params, item, context } of places) {
      const result = resolvePlan(alone, { problem: context.problem, language: code.language, shape: item.shape, params });
      if (result.ok) return [{ ...result.plan, launches: result.plan.launches.map((made) => ({ ...made, index: i })) }];
    }
    return [];
  });

/** `i`: its place in the candidate's plan. */
const launchAt = ({ launches }: ResolvedPlan, i: number): ResolvedPlan['launches'][number] | undefined =>
  launches.find(({ index }, place) => (index ?? place) === i);

/** Pointers are 256-byte aligned. A scratch buffer is bytes: a kernel casts it. */
const argType = (arg: ResolvedArg, problem: Problem): Signature['args'][number] => {
  switch (arg.kind) {
    case 'tensor':
      return { pointer: true, dtype: problem.tensors[arg.name]?.dtype ?? 'u8', divisibleBy16: true };
    case 'scratch':
      return { pointer: true, dtype: 'u8', divisibleBy16: true };
    case 'scalar':
      return { pointer: false, dtype: arg.dtype, divisibleBy16: Number.isInteger(arg.value) && arg.value % 16 === 0 };
  }
};
