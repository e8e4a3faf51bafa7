/** Why a candidate did not pass: in Kiln's words, and beside them what was said by others, which is fenced. Nothing is told twice. */
import type { Mismatch, Outcome } from '../../domain/outcome.ts';
import type { Problem } from '../../domain/problem.ts';
import { missedRule, unwrittenHint, wholeText } from '../../domain/text/describe.ts';
import { type Failed, failureText, placeOfElement, shapeOf } from '../../domain/text/failure-text.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { untrusted } from '../../domain/text/untrusted.ts';
import type { CandidateData, FailureData } from './candidate-data.ts';

const REASON_CHARS_MAX = 1200;
const LOG_CHARS_MAX = 8000;

type Failure = Pick<CandidateData, 'failure' | 'said' | 'compilerMessages'>;

/** `problem`: null where it is not there any more. */
export const failureDataOf = (outcome: Outcome, compileLog: string, problem: Problem | null): Failure => {
  const messages =
    compileLog.trim() === '' ? {} : { compilerMessages: untrusted("The compiler's messages", shortened(compileLog)) };
  if (outcome.verdict === 'passed') return messages;
  return {
    failure: { reason: reasonOf(outcome, problem), ...placeOf(outcome, problem) },
    ...saidOf(outcome, compileLog),
    ...messages,
  };
};

const reasonOf = (outcome: Failed, problem: Problem | null): string => {
  switch (outcome.verdict) {
    case 'compile_error':
      return 'the compiler refused it; its messages are in compilerMessages';
    case 'crashed':
      return `${caseOf(outcome)}: an illegal access, or another fault of the device or the process`;
    case 'contract':
      return `${caseOf(outcome)}: it did not keep what is agreed with programs`;
    case 'infra_failed':
      return "not the candidate's doing: submit it again";
    case 'wrong_answer':
      return wrongText(outcome);
    case 'cancelled':
      return 'cancelled before it was judged: submit it again to have it judged';
    case 'plan_error':
    case 'modified_input':
    case 'out_of_bounds':
    case 'timed_out':
    case 'implausible':
      return plainLine(problem === null ? outcome.verdict : failureText(outcome, problem), REASON_CHARS_MAX);
  }
};

/** Place and values stand beside it. */
const wrongText = ({ stage, inputs, mismatch }: Extract<Failed, { verdict: 'wrong_answer' }>): string => {
  const when = stage === 'timed_run' ? 'in a timed run, although the check before it passed' : 'in its check';
  const like = inputs === undefined ? '' : `, with the inputs of the check case ${inputs}`;
  return `${when}${like}: ${wholeText(mismatch) ?? `${missedRule(mismatch)}${unwrittenHint(mismatch)}`}`;
};

const caseOf = ({ case: name }: { readonly case: string }): string => (name === '' ? 'before the first case' : `case ${name}`);

const placeOf = (outcome: Failed, problem: Problem | null): Partial<FailureData> => {
  if (!('case' in outcome) || outcome.case === '' || problem === null) return {};
  const shape = shapeOf(problem, outcome.case);
  const known = { case: outcome.case, ...(Object.keys(shape).length === 0 ? {} : { shape }) };
  if (outcome.verdict === 'wrong_answer') return { ...known, ...mismatchOf(outcome.mismatch, outcome.case, problem) };
  return 'tensor' in outcome ? { ...known, tensor: outcome.tensor } : known;
};

const mismatchOf = (mismatch: Mismatch, name: string, problem: Problem): Partial<FailureData> => {
  const { tensor, index, expected, actual, mismatches, elements, relativeL2, largest, near, rule } = mismatch;
  if (rule === 'check') return {};
  if (rule === 'finite') return { tensor };
  const at = (flat: number): number[] => [...placeOfElement(problem, { tensor, index: flat, case: name })];
  return {
    tensor,
    position: at(index),
    expected,
    actual,
    mismatches,
    elements,
    ...(relativeL2 === '' ? {} : { relativeL2 }),
    ...(largest === undefined ? {} : { largest: { ...largest, position: at(largest.index) } }),
    ...(near === undefined ? {} : { near }),
  };
};

/** Of a compile error the log says all. */
const saidOf = (outcome: Failed, compileLog: string): Pick<Failure, 'said' | 'compilerMessages'> => {
  if (outcome.verdict === 'compile_error')
    return compileLog.trim() === '' ? { compilerMessages: untrusted("The compiler's messages", shortened(outcome.log)) } : {};
  if (outcome.verdict === 'crashed' || outcome.verdict === 'contract' || outcome.verdict === 'infra_failed')
    return { said: untrusted('What was said as it failed', shortened(outcome.message)) };
  return {};
};

const shortened = (log: string): string =>
  log.length <= LOG_CHARS_MAX ? log : `${log.slice(0, LOG_CHARS_MAX)}\n(${log.length - LOG_CHARS_MAX} characters left out)`;
