/** What a final word is worth in the ranking: its score, and whether it takes the record. */
import type { Completion } from '../../domain/ledger.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { unconfirmedScore } from './evaluate.ts';
import type { Live } from '../active-candidates.ts';
import { recordKeyOf } from './record-key.ts';
import type { Records } from './record-holders.ts';

export type Standing = Pick<Completion, 'score' | 'record' | 'measuredAgain'>;

interface End {
  readonly outcome: Outcome;
  readonly unconfirmed: boolean;
}

export const standingOf = (
  records: Pick<Records, 'holder'>,
  live: Pick<Live, 'submission' | 'evaluation' | 'screened'>,
  { outcome, unconfirmed }: End,
): Standing => {
  if (outcome.verdict !== 'passed') return { score: null, record: false };
  const last = live.evaluation;
  if (!unconfirmed && last?.score && !last.mustConfirm) {
    const { score, record, holder, spread } = last;
    return { score, record, ...(spread ? { measuredAgain: { holder, spread } } : {}) };
  }
  // The last result may be of a confirmation that was lost or took too long: it has no score.
  const screened = live.screened?.score ?? last?.score;
  if (!screened) return { score: null, record: false };
  return { score: unconfirmedScore(screened, records.holder(recordKeyOf(live, screened.deviceModel))), record: false };
};
