/** Inputs that the problem's own program computes from what is drawn: the section `derive` of problem.yaml, seen as a problem of its own. Pure. */
import type { Derivation, DistributionSpec, Problem, ProblemCase, TensorSpec } from '../domain/problem.ts';
import type { ResolvedTensor } from '../domain/plan/resolved-plan.ts';
import { PlanError } from './plan-error.ts';
import { resolveDistributions, resolveTensors } from './shapes.ts';

type Distributions = Readonly<Record<string, DistributionSpec>>;

/** As whoever records the program takes it: the raw tensors are its inputs, and the derived ones its outputs. */
export const derivationOf = (problem: Problem, { raw }: Derivation): Problem => ({
  ...problem,
  tensors: { ...rawTensors(raw), ...Object.fromEntries(derivedTensors(problem).map(([name, spec]) => [name, asOutput(spec)])) },
  derive: undefined,
});

/** The raw tensors of a case; undefined where nothing is derived. Throws PlanError naming the field. */
export const resolveRaw = (problem: Problem, item: Pick<ProblemCase, 'shape' | 'distributions'>): ResolvedTensor[] | undefined =>
  problem.derive && inRaw(() => resolveTensors(asRaw(problem), item.shape, rawDistributions(problem, item.distributions)));

/** Those that a case gives for raw tensors. Throws PlanError naming the field. */
export const resolveRawDistributions = (problem: Problem, shape: ProblemCase['shape'], distributions: Distributions) =>
  problem.derive ? inRaw(() => resolveDistributions(asRaw(problem), shape, rawDistributions(problem, distributions))) : {};

/** Throws PlanError where tensors are derived by nothing, or nothing is. */
export const refuseHalfDerived = (problem: Problem): void => {
  const [first] = derivedTensors(problem);
  if (first && !problem.derive)
    throw new PlanError(
      `tensors.${first[0]}.distribution`,
      'it is derived, and "derive" is not given: the program that computes it, and what from',
    );
  if (!first && problem.derive)
    throw new PlanError('derive', 'nothing is derived: give the tensors that it computes the distribution {kind: derived}');
};

const derivedTensors = ({ tensors }: Pick<Problem, 'tensors'>): readonly (readonly [string, TensorSpec])[] =>
  Object.entries(tensors).filter(([, { role, distribution }]) => role !== 'out' && distribution.kind === 'derived');

const rawTensors = (raw: Derivation['raw']): Problem['tensors'] =>
  Object.fromEntries(Object.entries(raw).map(([name, spec]) => [name, { ...spec, role: 'in' }]));

const asOutput = ({ dtype, shape, distribution }: TensorSpec): TensorSpec => ({ dtype, shape, distribution, role: 'out' });

const asRaw = (problem: Problem): Problem => ({ ...problem, tensors: rawTensors(problem.derive?.raw ?? {}), derive: undefined });

const rawDistributions = ({ derive }: Problem, distributions: Distributions = {}): Distributions =>
  Object.fromEntries(Object.entries(distributions).filter(([name]) => derive && Object.hasOwn(derive.raw, name)));

/** Fields are told where problem.yaml has them. */
const inRaw = <T>(resolve: () => T): T => {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof PlanError)
      throw new PlanError(error.field.replace(/^tensors(?=\.|$)/u, 'derive.raw'), error.message, error);
    throw error;
  }
};
