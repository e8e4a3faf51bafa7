/** A problem as a judge needs it: every case resolved, reference and baseline ready to compile. Pure. */
import { type ContentHash, hashOf } from '../domain/ids.ts';
import type { Distribution, Problem, ProblemCase } from '../domain/problem.ts';
import type { RecordedSide } from '../domain/program-unit.ts';
import type { DefinedCase, ProblemDefinition } from '../domain/protocol.ts';
import { PlanError } from './plan-error.ts';
import { hiddenProbes } from './hidden.ts';
import { derivationOf, resolveRaw, resolveRawDistributions } from './derivation.ts';
import {
  type ProgramCode,
  resolveProgramSide,
  resolveSide,
  type ResolvedSide,
  type SideCode,
  type SideContext,
  sidePlanAt,
} from './resolve-side.ts';
import type { UnitContext } from './resolve-unit.ts';
import { resolveDistributions, resolveTensors } from './shapes.ts';
import { verificationOf, withoutRaw, withRules } from './verification.ts';

export interface TargetCode {
  readonly reference: SideCode;
  readonly baseline: SideCode;
  /** What derives inputs, where some are. */
  readonly inputs?: ProgramCode;
  /** The problem's own check, where it has one. */
  readonly verify?: ProgramCode;
}

/** Throws PlanError (its field begins with the case's or the file's role) when anything does not resolve. Hidden cases: those of the set, where some of
 * its code is recorded. */
export const defineProblem = (code: TargetCode, context: SideContext): ProblemDefinition => {
  const { problem, target } = context;
  // Cases first: one without a variable would be told as a plan that names something unknown.
  const inputs = [
    ...problem.check.map((item, i) => caseOf(problem, { ...item, kind: 'check', field: `check[${i}]` })),
    ...problem.bench[target].map((item, i) => benchOf(problem, { ...item, kind: 'bench', field: `bench.${target}[${i}]` })),
  ];
  const reference = withRole('reference', () => resolveSide(code.reference, context));
  const baseline = withRole('baseline', () => resolveSide(code.baseline, context));
  for (const item of hiddenProbes(problem)) defineHidden(code, item, context);
  const cases = inputs.map((item) => defineCase(item, { reference, baseline }));
  const body = {
    name: problem.name,
    tolerance: problem.tolerance,
    cases,
    reference: reference.unit,
    baseline: baseline.unit,
    ...(code.inputs && { inputs: withRole('derive', () => inputsUnit(code, context)) }),
    ...(code.verify && { verify: withRole('verify', () => verifyUnit(code, context)) }),
  };
  return { key: hashOf(body), ...body };
};

/** Everything about a problem that can change a verdict: the judge's definition, the floors that the daemon tests, and how programs
 * are called. Not what versions of its environment a host has: recordings are its own. */
export const contentHashOf = (code: TargetCode, context: Pick<UnitContext, 'problem' | 'target'>): ContentHash => {
  const { floor, hidden, call } = context.problem;
  const { problem, target } = context;
  const definition = defineProblem(code, { problem, target, architecture: 'any' }).key;
  return hashOf({ definition, floor, ...(hidden && { hidden }), ...(call && { call }) });
};

/** A case that is drawn for one judgement. Throws PlanError. */
export const defineHidden = (code: TargetCode, item: ProblemCase, context: Pick<UnitContext, 'problem'>): DefinedCase => {
  const { field: _field, ...defined } = caseOf(context.problem, { ...item, kind: 'check', field: 'hidden' });
  return {
    ...defined,
    reference: withRole('reference', () => sidePlanAt(code.reference, item, context)),
    baseline: withRole('baseline', () => sidePlanAt(code.baseline, item, context)),
  };
};

/** The program that derives inputs, called with the raw tensors of every case. */
const inputsUnit = ({ inputs }: TargetCode, context: SideContext): RecordedSide | undefined => {
  const { problem } = context;
  if (!inputs || !problem.derive) return undefined;
  return resolveProgramSide(inputs, { ...context, problem: derivationOf(problem, problem.derive) });
};

/** The problem's own check, called with the inputs and outputs of every case. */
const verifyUnit = ({ verify }: TargetCode, context: SideContext): RecordedSide | undefined => {
  const { problem } = context;
  if (!verify || !problem.verify) return undefined;
  const hiddenCases = context.hiddenCases?.map((item) => withoutRaw(problem, item));
  return withRules(resolveProgramSide(verify, { ...context, problem: verificationOf(problem), hiddenCases }), problem.verify);
};

type CaseText = Pick<DefinedCase, 'name' | 'kind'> &
  Pick<ProblemCase, 'shape' | 'distributions'> & {
    readonly field: string;
  };
type CaseInput = Pick<DefinedCase, 'name' | 'kind' | 'tensors' | 'raw' | 'rules' | 'hard'> & { readonly field: string };

const caseOf = (problem: Problem, { name, kind, shape, distributions, field }: CaseText): CaseInput => {
  const tensors = withRole(field, () => resolveTensors(problem, shape, distributions));
  const raw = withRole(field, () => resolveRaw(problem, { shape, distributions }));
  return { name, kind, field, tensors, ...(raw && { raw }), ...(problem.verify && { rules: [...problem.verify.rules] }) };
};

/** With the hard inputs of the check cases, so that no shape meets plain ones alone. */
const benchOf = (problem: Problem, text: CaseText): CaseInput => {
  const hard = problem.check.flatMap(({ name, distributions, timed }) =>
    distributions === undefined || timed === false ? [] : [{ name, distributions: hardAt(problem, { ...text, distributions }) }],
  );
  return { ...caseOf(problem, text), ...(hard.length > 0 && { hard }) };
};

/** What a check case draws in its own way, at the shape of a timed one. */
const hardAt = (problem: Problem, { shape, field, distributions = {} }: CaseText): Readonly<Record<string, Distribution>> =>
  withRole(field, () => ({
    ...resolveDistributions(problem, shape, distributions),
    ...resolveRawDistributions(problem, shape, distributions),
  }));

type Sides = Readonly<Record<'reference' | 'baseline', ResolvedSide>>;

const defineCase = ({ field, ...item }: CaseInput, { reference, baseline }: Sides): DefinedCase => {
  const [referencePlan, baselinePlan] = [reference.planOf(item.name), baseline.planOf(item.name)];
  if (!referencePlan || !baselinePlan) throw new PlanError(field, `no plan for case "${item.name}"`);
  return { ...item, reference: referencePlan, baseline: baselinePlan };
};

const withRole = <T>(role: string, resolve: () => T): T => {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof PlanError) throw new PlanError(`${role}.${error.field}`, error.message, error);
    throw error;
  }
};
