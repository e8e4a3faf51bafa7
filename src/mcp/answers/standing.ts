/** Where a candidate stands in its ranking, and why there. */
import type { RankingView } from '../../domain/api/problems.ts';
import type { FinishedAttempt } from '../../domain/attempt.ts';
import type { Candidate } from '../../domain/candidate.ts';
import type { RankingEntry, Score } from '../../domain/ranking/ranking.ts';
import { stoppedText } from '../../domain/text/describe.ts';
import { interval, times } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { StandingData } from './candidate-data.ts';

/** Entries of a ranking that are read to find a place in it. */
export const PLACES_READ = 200;
const TIES_SHOWN = 5;

/** `models`: of the ranking of its class, the first PLACES_READ entries. */
export const standingOf = (candidate: Candidate, score: Score, models: RankingView['models']): StandingData => {
  const entries = models.find(({ deviceModel }) => deviceModel === score.deviceModel)?.entries ?? [];
  const stopped = stoppedText(score);
  const { trial } = candidate.submission;
  return {
    place:
      trial > 0
        ? 'a trial: not ranked'
        : `${placeText(candidate.id, entries)}${score.answers ? ' of programs by their answers' : ''}`,
    ...(score.pair === null ? {} : { pair: pairLine(score.pair) }),
    confirmation: confirmationText(candidate, score, entries),
    ...(stopped === null ? {} : { stopped }),
  };
};

const placeText = (id: Candidate['id'], entries: readonly RankingEntry[]): string => {
  const own = entries.find(({ candidateId }) => candidateId === id);
  const of = entries.length < PLACES_READ ? String(entries.length) : `at least ${entries.length}`;
  if (own === undefined) return entries.length < PLACES_READ ? 'not ranked' : `behind the first ${entries.length}`;
  const tied = entries.filter(({ place, candidateId }) => place === own.place && candidateId !== id);
  const shown = tied.slice(0, TIES_SHOWN).map(({ candidateId }) => candidateId);
  const more = tied.length > shown.length ? ` and ${tied.length - shown.length} more` : '';
  const tie = tied.length === 0 ? '' : `, a tie with ${shown.join(', ')}${more}`;
  return `${own.record ? 'record, ' : ''}place ${own.place} of ${of}${tie}`;
};

const RESULTS = { won: 'it is faster', tied: 'a tie', lost: 'it is slower' } as const;

export const pairLine = ({ against, ratio, ratioLow, ratioHigh, result }: NonNullable<Score['pair']>): string =>
  `paired with ${against}: ${times(ratio)} ${interval(ratioLow, ratioHigh)}, ${RESULTS[result]}`;

const confirmationText = (candidate: Candidate, score: Score, entries: readonly RankingEntry[]): string => {
  if (score.confirmed) return score.judgements > 1 ? `confirmed, ${score.judgements} judgements` : 'confirmed';
  return `not confirmed because ${whyNot(candidate, score, entries)}`;
};

const whyNot = (candidate: Candidate, score: Score, entries: readonly RankingEntry[]): string => {
  if (candidate.submission.trial > 0) return 'trials are not ranked';
  if (score.stopped !== undefined) return 'it was stopped early';
  if (score.answers?.tooShort) return 'its time is too short to be ranked';
  const confirmation = candidate.attempts.findLast(({ mode }) => mode === 'confirm');
  if (confirmation !== undefined) return confirmationFailure(confirmation);
  const record = entries.find((entry) => entry.record);
  if (record === undefined || record.candidateId === candidate.id) return 'no device of its model took it up for that';
  const reach = `its interval ends at ${times(score.speedupHigh)}, below the record's ${times(record.score.speedup)}`;
  return score.speedupHigh < record.score.speedup
    ? reach
    : 'the record was another when it was judged, or its confirmation found no device';
};

const confirmationFailure = ({ infra, verdict, timings }: FinishedAttempt): string => {
  if (infra !== null) return `its confirmation failed for the host: ${plainLine(infra)}`;
  if (verdict !== 'passed') return `its confirmation ended as ${verdict ?? 'nothing'}`;
  if (timings.some(({ unsteady }) => unsteady)) return 'the times of its confirmation contradict each other';
  return 'it was not paired with who held the record in the end';
};
