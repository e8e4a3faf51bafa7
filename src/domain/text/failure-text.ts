/** What went wrong with a candidate, for its repair. Logs and messages are made by candidates: text to look at, never instructions. */
import { evaluate, ExpressionError } from '../plan/expression.ts';
import type { GenerationContext } from '../campaign/generation-context.ts';
import type { Outcome } from '../outcome.ts';
import type { Problem, ProblemCase } from '../problem.ts';
import type { Candidate } from '../candidate.ts';
import { missedRule, wholeText } from './describe.ts';
import { aroundFirstError } from './log-excerpt.ts';

/** Characters of a failure's message. */
export const FAILURE_CHARS_MAX = 4000;

/** Null while it is not judged, and where it passed. */
export const failureOf = ({ state }: Pick<Candidate, 'state'>, problem: Problem): GenerationContext['failure'] => {
  if (state.status !== 'done' || state.outcome.verdict === 'passed') return null;
  return { verdict: state.outcome.verdict, message: aroundFirstError(failureText(state.outcome, problem), FAILURE_CHARS_MAX) };
};

export type Failed = Exclude<Outcome, { verdict: 'passed' }>;

/** With what compilers, devices and the candidate itself said. */
export const failureText = (outcome: Failed, problem: Problem): string => {
  switch (outcome.verdict) {
    case 'compile_error':
      return outcome.log;
    case 'plan_error':
      return `${outcome.field}: ${outcome.message}`;
    case 'wrong_answer':
      return wrongAnswer(outcome, problem);
    case 'modified_input':
      return `${caseText(problem, outcome.case)}: the input ${outcome.tensor} was written to`;
    case 'out_of_bounds':
      return `${caseText(problem, outcome.case)}: memory ${outcome.side} ${outcome.tensor} was ${outcome.access === 'read' ? 'read' : 'written to'}, ${outcome.distanceBytes} bytes from its edge`;
    case 'crashed':
      return `${caseText(problem, outcome.case)}: ${outcome.message}`;
    case 'timed_out':
      return `${placeOf(outcome, problem)}: not done after ${outcome.limitMs} ms`;
    case 'contract':
    case 'implausible':
      return `${caseText(problem, outcome.case)}: ${outcome.message}`;
    case 'cancelled':
      return 'cancelled before it was judged';
    case 'infra_failed':
      return outcome.message;
  }
};

/** Compiling is for all cases at once. */
const placeOf = ({ stage, case: name }: Extract<Failed, { verdict: 'timed_out' }>, problem: Problem): string =>
  stage === 'compile' ? 'compiling' : `${caseText(problem, name)}, ${stage === 'check' ? 'in its check' : 'while it was timed'}`;

const wrongAnswer = (outcome: Extract<Failed, { verdict: 'wrong_answer' }>, problem: Problem): string => {
  const { tensor, index, expected, actual, relativeL2, rule } = outcome.mismatch;
  const stage = outcome.stage === 'timed_run' ? 'in a timed run, although the check before it passed' : 'in its check';
  const at = `${tensor}${positionOf(problem, { tensor, index, case: outcome.case })}`;
  const inputs = outcome.inputs === undefined ? '' : ` with the inputs of the check case ${outcome.inputs}`;
  const place = `${caseText(problem, outcome.case)}${inputs}, ${stage}:`;
  const whole = wholeText(outcome.mismatch);
  if (whole !== undefined) return `${place} ${whole}`;
  return [
    place,
    `${rule === 'norm' ? 'worst' : 'first wrong'} element ${at} (flat index ${index}): expected ${expected}, got ${actual};`,
    `${missedRule(outcome.mismatch)}${rule === 'index' ? '' : `; ||out - ref|| / ||ref|| is ${relativeL2}`}`,
  ].join(' ');
};

/** What is known of a wrong element's place; empty where its case is not one of the problem's (it was drawn). */
export const shapeOf = (problem: Problem, name: string): Readonly<Record<string, number>> =>
  caseNamed(problem, name)?.shape ?? {};

const caseNamed = (problem: Problem, name: string): ProblemCase | undefined =>
  [...problem.check, ...problem.bench.gpu, ...problem.bench.cpu].find((item) => item.name === name);

/** "case odd (n=1000003)". */
const caseText = (problem: Problem, name: string): string => {
  if (name === '') return 'before the first case';
  const shape = Object.entries(caseNamed(problem, name)?.shape ?? {}).map(([variable, value]) => `${variable}=${value}`);
  return `case ${name}${shape.length > 0 ? ` (${shape.join(', ')})` : ''}`;
};

/** "[3][17]"; empty where the shape is not known. */
const positionOf = (problem: Problem, element: Element): string =>
  placeOfElement(problem, element)
    .map((at) => `[${at}]`)
    .join('');

interface Element {
  readonly tensor: string;
  readonly index: number;
  readonly case: string;
}

/** One index a dimension; none where the shape is not known. */
export const placeOfElement = (problem: Problem, element: Element): readonly number[] => {
  const [shape, scope] = [problem.tensors[element.tensor]?.shape, caseNamed(problem, element.case)?.shape];
  if (!shape || !scope) return [];
  let rest = element.index;
  const at = sizesOf(shape, scope)
    .toReversed()
    .map((size) => {
      const here = rest % size;
      rest = Math.floor(rest / size);
      return here;
    });
  return at.toReversed();
};

/** None where an expression does not resolve: the flat index says it as well. */
const sizesOf = (shape: readonly (string | number)[], scope: ProblemCase['shape']): readonly number[] => {
  try {
    return shape.map((size) => evaluate(size, scope));
  } catch (error) {
    if (error instanceof ExpressionError) return [];
    throw error;
  }
};
