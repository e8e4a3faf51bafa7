import { KilnError } from '../domain/errors.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { CandidateInput, CandidateResult } from './candidate-resolution.ts';
import type { LoadedProblem } from './load-problems.ts';
import { PlanError } from './plan-error.ts';
import { remembered } from './resolution-memo.ts';
import { resolveProgram } from './resolve-program.ts';
import { resolveUnit } from './resolve-unit.ts';
import { languagesOn, type Target } from './targets.ts';

/**
 * What to compile and how to launch it on every case of the target, or why its plan is no plan.
 * Throws UNSUPPORTED_LANGUAGE when the target never runs the language, UNKNOWN_DEVICE when the problem has no such target.
 */
export const resolveCandidate = (loaded: LoadedProblem, input: CandidateInput): CandidateResult => {
  refuseTarget(loaded, input.target, input.content.language);
  // A program has no plans to evaluate, and its key would have to be of all its files.
  if (input.content.language === 'python') return resolve(loaded, input);
  return remembered(loaded.problem, input, () => resolve(loaded, input));
};

const resolve = (loaded: LoadedProblem, { target, architecture, content }: CandidateInput): CandidateResult => {
  const context = { problem: loaded.problem, target, architecture };
  try {
    if (content.language === 'python') return { ok: true, plans: {}, ...resolveProgram(content, context) };
    return { ok: true, calls: null, ...resolveUnit(content, context) };
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return { ok: false, outcome: { verdict: 'plan_error', field: error.field, message: error.message } };
  }
};

const refuseTarget = (loaded: LoadedProblem, target: Target, language: Language): void => {
  const languages = languagesOn(target);
  if (!languages.includes(language)) {
    throw new KilnError('UNSUPPORTED_LANGUAGE', `${language} does not run on a ${target} device; use ${languages.join(' or ')}`);
  }
  loaded.requireTarget(target);
};
