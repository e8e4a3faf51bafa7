import type { Problem } from '../../domain/problem.ts';
import { resolvePlan } from '../../problems/resolve-plan.ts';
import { casesOf } from '../../problems/targets.ts';
import { parentOf, type Variant } from './variation.ts';

/** Whether the plan resolves for every case: what does not would only cost a plan error. Cheap: nothing is compiled. */
export const resolves = (variant: Variant, problem: Problem): boolean => {
  const parent = parentOf(variant);
  if (!parent) return false;
  const { language, params } = variant;
  const cases = casesOf(problem, language === 'c' ? 'cpu' : 'gpu');
  return cases.every(({ shape }) => resolvePlan(parent.plan, { problem, language, shape, params }).ok);
};
