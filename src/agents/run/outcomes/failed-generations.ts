/** What an archive is told of generations that came to no candidate. */
import type { Generation, GenerationFailure } from '../../../domain/campaign/campaign.ts';
import { targetOf } from '../state/campaign-run.ts';
import type { AwaitingRun } from '../state/campaign-run.ts';

/** Nobody answered: what was asked for can be asked for again. All others are answers, and a failure gets one repair. */
const UNANSWERED: ReadonlySet<GenerationFailure> = new Set(['unavailable', 'timed_out', 'stopped']);

export const wasAnswered = ({ state }: Generation): boolean => state.status === 'failed' && !UNANSWERED.has(state.failure);

/** `generation` is failed or lost. */
export const addFailed = (run: AwaitingRun, generation: Generation): void => {
  const target = targetOf(run, generation);
  // Who only proposes is no child, and uses up no repair.
  if (!target || generation.move === 'diagnose') return;
  if (wasAnswered(generation)) target.archive.addFailed(generation);
  else target.archive.giveBack(generation);
};

/** Nobody answered, and nothing was paid: what was proposed can be written by somebody else. */
export const isFree = (failure: GenerationFailure, { micros }: Generation['usage']): boolean =>
  UNANSWERED.has(failure) && micros === 0;
