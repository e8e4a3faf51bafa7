/** Places of a ranking: who cannot be told from the first at a place shares it. Pure. */
import type { RankingEntry } from './ranking.ts';
import { isFasterByTime } from './score.ts';

type Placed = Pick<RankingEntry, 'candidateId' | 'score' | 'record'>;

/**
 * Adds place and `fasterByTime` to the entries of one device model, best first. As in sports: 1, 1, 3. Those that were stopped early come last and share
 * a place: which of them is faster was not measured.
 */
export const placed = <T extends Placed>(entries: readonly T[]): (T & Pick<RankingEntry, 'place' | 'fasterByTime'>)[] => {
  let leader: T | undefined;
  let place = 0;
  return entries.map((entry, at) => {
    if (leader === undefined || !isTied(entry, leader)) [leader, place] = [entry, at + 1];
    const first = entries[0];
    const isComparable = first !== undefined && at > 0 && entry.score.stopped === undefined;
    return { ...entry, place, fasterByTime: isComparable && isFasterByTime(entry.score, first.score) };
  });
};

/** Where the two met in a pair, that decides; elsewhere whether the intervals overlap. */
const isTied = (entry: Placed, leader: Placed): boolean => {
  const { pair, stopped } = entry.score;
  if (stopped || leader.score.stopped) return stopped !== undefined && leader.score.stopped !== undefined;
  if (pair?.against === leader.candidateId) return pair.result === 'tied';
  return entry.score.speedupHigh >= leader.score.speedupLow;
};
