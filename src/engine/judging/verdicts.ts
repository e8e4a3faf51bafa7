/** A final word: its place in the ranking, the record, and its row. */
import type { Completion } from '../../domain/ports/store-rows.ts';
import type { RankingKey } from '../../domain/ports/store.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { classOf } from '../../domain/ranking/ranking.ts';
import type { RecordHolder } from '../../domain/ranking/score.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { secondsInStage, type ActiveCandidate } from '../active-candidates.ts';
import type { JudgingSlice } from '../state.ts';
import { rankingKeyOf } from './ranking-keys.ts';
import { standingOf, type Standing } from './standing.ts';

type Finished = Extract<Effect, { type: 'finished' }>;

export const onFinished = (state: JudgingSlice, { id, outcome, attemptId }: Finished): void => {
  const candidate = state.active.get(id);
  if (!candidate) return;
  const standing = standingOf(state.recordHolders, candidate, { outcome, attemptId });
  const { score } = standing;
  if (score)
    keepStanding(state, rankingKeyOf(candidate, score.deviceModel, classOf(score)), { candidateId: id, score }, standing);
  const after = noteInFront(state, candidate, { outcome, standing });
  state.metrics.onStageLeft(candidate.stage.name, secondsInStage(candidate, state.monotonicMs()));
  countVerdict(state, candidate, outcome);
  state.writeBehind.add({
    type: 'completion',
    completion: {
      candidateId: id,
      outcome,
      compileLog: candidate.compiled.log,
      resources: candidate.compiled.resources,
      ...refusedBy(candidate, outcome),
      ...standing,
    },
    ...(after && { after }),
  });
  // The id is free for the scheduler at once; what is left of it waits for the commit.
  state.active.delete(id);
};

const refusedBy = ({ compiled: { by } }: ActiveCandidate, { verdict }: Outcome): Pick<Completion, 'compiledBy'> =>
  verdict === 'compile_error' && by !== null ? { compiledBy: by } : {};

/** The next candidate is held against this already, before it is written. */
const keepStanding = (state: JudgingSlice, key: RankingKey, own: RecordHolder, { record, measuredAgain }: Standing): void => {
  if (record) state.recordHolders.set(key, own);
  else if (measuredAgain?.holder) state.recordHolders.set(key, measuredAgain.holder);
  if (measuredAgain) state.recordHolders.learn(key, measuredAgain.spread);
};

/** Of other trials nothing is ranked, and nobody races for times to answers. Returns what is left to do when its row is written. */
const noteInFront = (
  { fronts }: JudgingSlice,
  candidate: ActiveCandidate,
  { outcome, standing: { score, measuredAgain } }: { readonly outcome: Outcome; readonly standing: Standing },
): (() => void) | null => {
  if (score === null || score.answers || outcome.verdict !== 'passed' || candidate.submission.content.trial > 0) return null;
  const key = rankingKeyOf(candidate, score.deviceModel, 'device');
  const couldReach = fronts.note(key, { candidateId: candidate.id, score, timings: outcome.timings });
  if (measuredAgain?.holder) fronts.refine(key, measuredAgain.holder);
  return couldReach ? () => fronts.doubt(key) : null;
};

const countVerdict = (state: JudgingSlice, candidate: ActiveCandidate, outcome: Outcome): void => {
  state.metrics.onVerdict(candidate.submission.content.problem, outcome.verdict);
  state.verdictRate.onVerdict(state.monotonicMs());
};
