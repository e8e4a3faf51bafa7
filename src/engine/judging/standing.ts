/** What a final word is worth in the ranking: its score, and whether it takes the record. */
import type { Completion } from '../../domain/ports/store-rows.ts';
import { classOf } from '../../domain/ranking/ranking.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { unconfirmedScore } from './evaluate.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import { rankingKeyOf } from './ranking-keys.ts';
import type { RecordHolders } from './record-holders.ts';

export type Standing = Pick<Completion, 'score' | 'record' | 'measuredAgain'>;
type Finished = Extract<Effect, { type: 'finished' }>;

/** A score is of the judgement whose outcome is the verdict. One that still wants a confirmation ranks behind the record. */
export const standingOf = (
  records: Pick<RecordHolders, 'holder'>,
  candidate: Pick<ActiveCandidate, 'submission' | 'attempts'>,
  { outcome, attemptId }: Pick<Finished, 'outcome' | 'attemptId'>,
): Standing => {
  const evaluation = attemptId && candidate.attempts.get(attemptId)?.evaluation;
  if (outcome.verdict !== 'passed' || !evaluation?.score) return { score: null, record: false };
  const { score, record, mustConfirm, holder, spread } = evaluation;
  if (mustConfirm) {
    return {
      score: unconfirmedScore(score, records.holder(rankingKeyOf(candidate, score.deviceModel, classOf(score)))),
      record: false,
    };
  }
  return { score, record, ...(spread ? { measuredAgain: { holder, spread } } : {}) };
};
