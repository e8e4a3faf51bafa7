/** From a candidate's record to what its campaign keeps of it. Pure. */
import type { Generation, GenerationState } from '../../../domain/campaign/campaign.ts';
import type { PastAttempt } from '../../../domain/campaign/generation-context.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { CandidateRecord } from '../../../domain/records.ts';
import { missedRule, scoreText } from '../../../domain/text/describe.ts';
import type { ArchiveEntry, Bound } from '../../search/entry.ts';
import { canMutate } from '../../variation/mutate.ts';
import { parentOf, type Variant } from '../../variation/variation.ts';

/** Of a reason in one line. It is shown to whoever writes the next candidate. */
const REASON_CHARS_MAX = 300;

export type Judged = Extract<GenerationState, { status: 'judged' }>;

/** Null while it has no verdict. */
export const judgedState = (
  record: CandidateRecord,
  { isFirst, isRecord }: { readonly isFirst: boolean; readonly isRecord: boolean },
): Judged | null => {
  if (record.state.status !== 'done') return null;
  const { verdict } = record.state.outcome;
  return {
    status: 'judged',
    candidateId: record.id,
    isFirst,
    verdict,
    speedup: verdict === 'passed' ? (record.score?.rankKey ?? null) : null,
    deviceMs: isFirst ? record.attempts.reduce((sum, { phases }) => sum + (phases?.totalMs ?? 0), 0) : 0,
    isRecord,
    ...(record.score?.stopped ? { stoppedEarly: true } : {}),
  };
};

/** Null where it passed. */
export const reasonOf = (record: CandidateRecord): string | null => {
  if (record.state.status !== 'done' || record.state.outcome.verdict === 'passed') return null;
  const { verdict } = record.state.outcome;
  const detail = oneLine(detailOf(record.state.outcome));
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
  readonly record: CandidateRecord;
}

/** `bound`: where no profile says more. */
export const archiveEntry = ({ generation, source, record }: Seen, bound: Bound): ArchiveEntry => {
  const { number, idea, move, island, parents } = generation;
  const { language, params } = record.submission;
  const registers = Object.values(record.resources ?? {}).map((kernel) => kernel.registers);
  return {
    number,
    candidateId: record.id,
    language,
    source,
    params,
    idea,
    move,
    island,
    parents,
    verdict: record.state.status === 'done' ? record.state.outcome.verdict : null,
    speedup: record.score?.rankKey ?? null,
    floorShare: record.score?.floorShare ?? null,
    failure: reasonOf(record),
    stoppedEarly: record.score?.stopped !== undefined,
    bound,
    registers: registers.length === 0 ? null : Math.max(...registers),
    isVariable: record.score !== null && isVariable({ language, source, params }),
  };
};

const isVariable = (variant: Variant): boolean => {
  const parent = parentOf(variant);
  return parent !== null && canMutate(parent);
};

export const pastAttempt = ({ idea }: Generation, record: CandidateRecord): PastAttempt => ({
  idea,
  params: record.submission.params,
  verdict: record.state.status === 'done' ? record.state.outcome.verdict : null,
  speedup: record.score?.rankKey ?? null,
  reason: reasonOf(record) ?? (record.score?.stopped ? scoreText(record.score) : null),
});
