/** From a judged candidate to what its campaign keeps of it. Pure. */
import type { Generation, GenerationState } from '../../../domain/campaign/campaign.ts';
import type { PastAttempt } from '../../../domain/campaign/generation-context.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import { comparedScore } from '../../../domain/ranking/compared-score.ts';
import { missedRule, scoreText, wholeText } from '../../../domain/text/describe.ts';
import type { ArchiveEntry, Bound } from '../../search/entry.ts';
import { canMutate } from '../../variation/mutate.ts';
import { parentOf, type Variant } from '../../variation/variation.ts';

/** Of a reason in one line. It is shown to whoever writes the next candidate. */
const REASON_CHARS_MAX = 300;

export type Judged = Extract<GenerationState, { status: 'judged' }>;

/** Null while it has no verdict. */
export const judgedState = (
  candidate: Candidate,
  { isFirst, isRecord }: { readonly isFirst: boolean; readonly isRecord: boolean },
): Judged | null => {
  if (candidate.state.status !== 'done') return null;
  const { verdict } = candidate.state.outcome;
  return {
    status: 'judged',
    candidateId: candidate.id,
    isFirst,
    verdict,
    speedup: verdict === 'passed' ? (comparedScore(candidate.score)?.rankKey ?? null) : null,
    deviceMs: isFirst ? candidate.attempts.reduce((sum, { phases }) => sum + (phases?.totalMs ?? 0), 0) : 0,
    isRecord: isRecord && !candidate.score?.answers,
    ...(candidate.score?.stopped ? { stoppedEarly: true } : {}),
  };
};

/** Null where it passed. */
export const reasonOf = (candidate: Candidate): string | null => {
  if (candidate.state.status !== 'done' || candidate.state.outcome.verdict === 'passed') return null;
  const { verdict } = candidate.state.outcome;
  const detail = oneLine(detailOf(candidate.state.outcome));
  return detail === '' ? verdict : `${verdict}: ${detail}`;
};

const detailOf = (outcome: Outcome): string => {
  switch (outcome.verdict) {
    case 'compile_error':
      return outcome.log.split('\n').find((line) => /\berror\b/i.test(line)) ?? outcome.log;
    case 'plan_error':
      return `${outcome.field}: ${outcome.message}`;
    case 'wrong_answer': {
      const { tensor, index, expected, actual } = outcome.mismatch;
      const whole = wholeText(outcome.mismatch);
      if (whole !== undefined) return `case ${outcome.case}: ${whole}`;
      return `case ${outcome.case}: ${tensor}[${index}] is ${actual}, not ${expected}; ${missedRule(outcome.mismatch)}`;
    }
    case 'modified_input':
      return `case ${outcome.case}: it wrote to input ${outcome.tensor}`;
    case 'out_of_bounds':
      return `case ${outcome.case}: it ${outcome.access === 'read' ? 'read' : 'wrote'} ${outcome.distanceBytes} bytes ${outcome.side} ${outcome.tensor}`;
    case 'timed_out':
      return `case ${outcome.case}: over ${outcome.limitMs} ms in ${outcome.stage}`;
    case 'crashed':
    case 'contract':
    case 'implausible':
      return `case ${outcome.case}: ${outcome.message}`;
    case 'infra_failed':
      return outcome.message;
    case 'passed':
    case 'cancelled':
      return '';
  }
};

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, REASON_CHARS_MAX);

export interface Seen {
  readonly generation: Generation;
  readonly source: string;
  readonly candidate: Candidate;
}

/** `bound`: where no profile says more. */
export const archiveEntry = ({ generation, source, candidate }: Seen, bound: Bound): ArchiveEntry => {
  const { number, idea, move, island, parents } = generation;
  const { language, params } = candidate.submission;
  const registers = Object.values(candidate.resources ?? {}).map((kernel) => kernel.registers);
  return {
    number,
    candidateId: candidate.id,
    language,
    source,
    params,
    idea,
    move,
    island,
    parents,
    verdict: candidate.state.status === 'done' ? candidate.state.outcome.verdict : null,
    speedup: comparedScore(candidate.score)?.rankKey ?? null,
    floorShare: comparedScore(candidate.score)?.floorShare ?? null,
    ...(candidate.state.status === 'done' && candidate.state.outcome.verdict === 'passed'
      ? { cases: candidate.state.outcome.timings.map((timing) => ({ case: timing.case, medianNs: timing.candidate.medianNs })) }
      : {}),
    failure: reasonOf(candidate),
    stoppedEarly: candidate.score?.stopped !== undefined,
    bound,
    registers: registers.length === 0 ? null : Math.max(...registers),
    isVariable: comparedScore(candidate.score) !== null && isVariable({ language, source, params }),
  };
};

const isVariable = (variant: Variant): boolean => {
  const parent = parentOf(variant);
  return parent !== null && canMutate(parent);
};

export const pastAttempt = ({ idea }: Generation, candidate: Candidate): PastAttempt => ({
  idea,
  params: candidate.submission.params,
  verdict: candidate.state.status === 'done' ? candidate.state.outcome.verdict : null,
  speedup: comparedScore(candidate.score)?.rankKey ?? null,
  reason: reasonOf(candidate) ?? beyondPassed(candidate),
});

/** What whoever wrote it has to know of one that passed; null: nothing but its speed-up. */
const beyondPassed = ({ score, byAnswers }: Candidate): string | null => {
  if (score?.answers) return oneLine(`passed, and is compared with no other: ${byAnswers?.reason ?? ''} (${scoreText(score)})`);
  return score?.stopped ? scoreText(score) : null;
};
