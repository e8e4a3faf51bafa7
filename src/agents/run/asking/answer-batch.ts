/** How questions leave a batch: with an answer, or with why there is none and what that costs. */
import { NO_USAGE, type Generation } from '../../../domain/campaign/campaign.ts';
import type { Answer, Batches, Failure } from '../../generator.ts';
import type { BatchedQuestion, OpenBatch } from '../state/open-batch.ts';

/** An open batch and who answers it. */
export interface Carrying {
  readonly batch: OpenBatch;
  readonly batches: Batches;
}

export const answerQuestion = (batch: OpenBatch, question: BatchedQuestion, answer: Answer): void => {
  if (batch.questions.delete(question)) question.onArrival({ generation: question.generation, answer });
};

export const answerAll = (batch: OpenBatch, answerOf: (generation: Generation) => Answer): void => {
  for (const question of batch.questions) answerQuestion(batch, question, answerOf(question.generation));
};

export const failed = (failure: Failure['failure'], message: string): Failure => ({
  ok: false,
  failure,
  message,
  usage: NO_USAGE,
});

/** Whether it was billed nobody knows: its reserve counts as spent. */
export const lost = ({ state }: Generation, message: string): Failure => {
  const micros = state.status === 'asked' ? state.reservedMicros : 0;
  return {
    ...failed('unavailable', `its batch is lost: ${message}; the most that it can cost counts`),
    usage: { ...NO_USAGE, micros },
  };
};

/** A generation's id in the alphabet of names of questions. */
export const keyOf = ({ id }: Generation): string => id.replace('.', '_');
