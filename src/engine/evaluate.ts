/** What a judge's result means for its candidate: floors, score, whether it must be confirmed or takes the record. Pure. */
import type { Device } from '../domain/device.ts';
import { peaksOf } from '../domain/device-peaks.ts';
import type { CaseTiming } from '../domain/measurement.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Score } from '../domain/records.ts';
import { behind, implausibleOutcome, mustConfirm, scoreOf, settle } from '../domain/score.ts';
import type { RecordHolder } from '../domain/score.ts';
import { floorsOf } from '../problems/floors.ts';
import type { JudgeMode } from '../scheduler/events.ts';
import { targetOf } from './intake.ts';
import type { Evaluation, Live } from './live-candidates.ts';

export interface EvaluationContext {
  readonly live: Live;
  readonly device: Device;
  readonly mode: JudgeMode;
  /** The record holder now. */
  readonly holder: RecordHolder | null;
  /** The one this attempt was paired with; undefined when that is not known any more (the daemon was restarted). */
  readonly pairedWith: RecordHolder | null | undefined;
}

export const evaluate = (outcome: Outcome, context: EvaluationContext): Evaluation => {
  if (outcome.verdict !== 'passed') return { outcome, score: null, record: false, mustConfirm: false };
  const { live, device } = context;
  const { content } = live.submission;
  const floors = floorsOf(live.loaded.problem, targetOf(content.device), {
    peaks: peaksOf(device),
    copyBytesPerSecond: device.copyBytesPerSecond,
  });
  const implausible = implausibleOutcome(outcome.timings, floors);
  if (implausible) return { outcome: implausible, score: null, record: false, mustConfirm: false };
  const score = scoreOf(outcome.timings, floors, device.model);
  return place(outcome, score, outcome.timings, context);
};

const place = (outcome: Outcome, score: Score, timings: readonly CaseTiming[], context: EvaluationContext): Evaluation => {
  const { live, mode, holder, pairedWith } = context;
  // Only trial 0 is ranked, so only trial 0 can hold a record.
  if (live.submission.content.trial > 0) return { outcome, score, record: false, mustConfirm: false };
  const wasPairedWithHolder = pairedWith !== undefined && pairedWith?.candidateId === holder?.candidateId;
  if (mode === 'screen' || !wasPairedWithHolder) {
    return { outcome, score, record: false, mustConfirm: mustConfirm(score, holder) };
  }
  return { outcome, ...settle({ ...score, confirmed: true }, timings, holder), mustConfirm: false };
};

/** A would-be record that could not be confirmed ranks behind the record holder. */
export const unconfirmedScore = (score: Score, holder: RecordHolder | null): Score => ({
  ...(holder ? behind(score, holder, score.rankKey) : score),
  confirmed: false,
});
