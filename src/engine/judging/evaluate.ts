/** What a judge's result means for its candidate: floors, score, whether it must be confirmed or takes the record. Pure. */
import type { Device } from '../../domain/device.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Score } from '../../domain/ranking/ranking.ts';
import { widened } from '../../domain/ranking/estimate.ts';
import {
  behind,
  implausibleOutcome,
  mustConfirm,
  ownSpeedup,
  scoreOf,
  pairedWithRival,
  rankAgainstHolder,
  stoppedScoreOf,
} from '../../domain/ranking/score.ts';
import type { RecordHolder, RankedAgainstHolder, Spreads } from '../../domain/ranking/score.ts';
import { learned, pairedVariance, spreadVariance } from '../../domain/ranking/spread.ts';
import type { Spread } from '../../domain/ranking/spread.ts';
import { floorsOn } from '../../problems/floors.ts';
import type { JudgeMode } from '../../scheduler/events.ts';
import { type ActiveCandidate, type Evaluation, type Rival, screeningOf } from '../active-candidates.ts';

export interface EvaluationContext {
  readonly candidate: Pick<ActiveCandidate, 'id' | 'submission' | 'loaded' | 'attempts'>;
  readonly device: Device;
  readonly mode: JudgeMode;
  /** The record holder now. */
  readonly holder: RecordHolder | null;
  /** What judgements of one code of this problem differ by on this model. */
  readonly spread: Spread;
  /** The one this attempt was paired with; undefined when that is not known any more (the daemon was restarted). */
  readonly pairedWith: Rival | null | undefined;
}

export const evaluate = (outcome: Outcome, context: EvaluationContext): Evaluation => {
  if (outcome.verdict !== 'passed') return judgedOnly(outcome, null);
  const { candidate, device } = context;
  const floors = floorsOn(candidate.loaded.problem, device);
  const implausible = implausibleOutcome(outcome.timings, floors);
  if (implausible) return judgedOnly(implausible, null);
  const variance = spreadsOf(context)[context.mode === 'screen' ? 'screened' : 'confirmed'];
  const score = scoreOf(outcome.timings, floors, { deviceModel: device.model, variance });
  // Times that were not taken at the usual clocks pass nobody: like one that could not be confirmed.
  if (outcome.disturbed !== undefined && !outcome.stopped) return judgedOnly(outcome, unconfirmedScore(score, context.holder));
  if (score.answers?.tooShort) return judgedOnly(outcome, score);
  if (outcome.stopped) return judgedOnly(outcome, stoppedScoreOf(score, outcome.stopped));
  return place(outcome, score, outcome.timings, context);
};

const judgedOnly = (outcome: Outcome, score: Score | null): Evaluation => ({
  outcome,
  score,
  record: false,
  mustConfirm: false,
  holder: null,
  spread: null,
});

const spreadsOf = ({ spread, device }: EvaluationContext): Spreads => ({
  screened: spreadVariance(spread, 'screened', device.kind),
  confirmed: spreadVariance(spread, 'confirmed', device.kind),
  paired: pairedVariance(device.kind),
});

const place = (outcome: Outcome, score: Score, timings: readonly CaseTiming[], context: EvaluationContext): Evaluation => {
  const { candidate, mode, holder, pairedWith } = context;
  // Only trial 0 is ranked, so only trial 0 can hold a record.
  const { trial, against } = candidate.submission.content;
  if (trial > 0)
    return judgedOnly(
      outcome,
      against === undefined ? score : pairedWithRival(score, timings, { against, spreads: spreadsOf(context) }),
    );
  const wasPairedWithHolder = pairedWith !== undefined && pairedWith?.candidateId === holder?.candidateId;
  if (mode === 'screen' || !wasPairedWithHolder) {
    return { ...judgedOnly(outcome, score), mustConfirm: mustConfirm(score, holder) };
  }
  const spreads = spreadsOf(context);
  const ranked = rankAgainstHolder({ ...score, confirmed: true }, timings, { candidateId: candidate.id, holder, spreads });
  const { record, holder: refined } = ranked;
  return {
    outcome,
    score: ranked.score,
    record,
    mustConfirm: false,
    holder: refined,
    spread: learnedFrom(ranked, timings, context),
  };
};

/** The screening and the confirmation of one code, and the holder now and before, are repetitions. */
const learnedFrom = ({ again }: RankedAgainstHolder, timings: readonly CaseTiming[], context: EvaluationContext): Spread => {
  const { spread, candidate } = context;
  const { confirmed } = spreadsOf(context);
  const screening = screeningOf(candidate)?.outcome;
  const screened = screening?.verdict === 'passed' ? ownSpeedup(screening.timings) : null;
  const one = screened ? learned(spread, 'screened', screened, widened(ownSpeedup(timings), confirmed)) : spread;
  return again ? learned(one, 'confirmed', again.measured, again.known) : one;
};

/** A would-be record that could not be confirmed ranks behind the record holder. */
export const unconfirmedScore = (score: Score, holder: RecordHolder | null): Score => ({
  ...(holder ? behind(score, holder) : score),
  confirmed: false,
});
