import { KilnError } from '../../domain/errors.ts';
import { createSpace } from '../../domain/sweep/space.ts';
import type { Problem } from '../../domain/problem.ts';
import { resolvePlan } from '../../problems/resolve-plan.ts';
import { casesOf } from '../../problems/targets.ts';
import { type Parent, parentOf, type Variant } from './variation.ts';

/** Whether the plan's conditions hold, and it resolves for every case: what does not would only cost a plan error. Cheap: nothing is compiled. */
export const resolves = (variant: Variant, problem: Problem): boolean => {
  const parent = parentOf(variant);
  if (!parent) return false;
  const { language, params } = variant;
  if (!meetsConditions(parent)) return false;
  const cases = casesOf(problem, language === 'c' ? 'cpu' : 'gpu');
  return cases.every(({ shape }) => resolvePlan(parent.plan, { problem, language, shape, params }).ok);
};

const meetsConditions = ({ plan, params }: Parent): boolean => {
  const { where = [] } = plan;
  if (where.length === 0) return true;
  try {
    return createSpace({ axes: {}, where, fixed: params }).isValid(0);
  } catch (error) {
    // A condition with a wrong name: nothing meets it.
    if (error instanceof KilnError) return false;
    throw error;
  }
};
