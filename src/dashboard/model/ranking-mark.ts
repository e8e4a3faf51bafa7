/** What stands beside an entry of a ranking. Pure. */
import type { CandidateId } from '../../domain/ids.ts';
import type { RankingEntry } from '../../domain/ranking/ranking.ts';

type Marked = Pick<RankingEntry, 'record' | 'fasterByTime'> & { readonly score: Pick<RankingEntry['score'], 'pair' | 'stopped'> };

/** `holder`: whose the record is now; a pair with one who held it before says nothing of it. */
export const rankingMark = (
  { record, fasterByTime, score }: Marked,
  holder: CandidateId | undefined,
): 'record' | 'stopped early' | 'shorter time than the first' | 'ties the record' | null => {
  if (record) return 'record';
  if (score.stopped) return 'stopped early';
  if (fasterByTime) return 'shorter time than the first';
  return score.pair?.result === 'tied' && score.pair.against === holder ? 'ties the record' : null;
};
