/**
 * Batches of a campaign that are not over. Modes: collecting (questions join it), sending (it is as large as it gets), asked (the service has it, or may have
 * it). Each question leaves with its answer, or when the daemon stops: then its row says how far it was, and the next start takes it on.
 */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import type { Answer } from '../../generator.ts';

/** The generation as its row says it is by now. */
export interface Arrival {
  readonly generation: Generation;
  readonly answer: Answer;
}

export interface BatchedQuestion {
  generation: Generation;
  /** Null once it is sent: the answer is read with what the row says. */
  context: GenerationContext | null;
  /** Null: the daemon stops. */
  readonly onArrival: (arrival: Arrival | null) => void;
}

export interface OpenBatch {
  /** Name of the generator that is asked. */
  readonly generator: string;
  mode: 'collecting' | 'sending' | 'asked';
  /** The service's; null while it is not known. */
  id: string | null;
  /** What is known of it, in words. */
  state: string;
  /** Of the requests. */
  bytes: number;
  readonly questions: Set<BatchedQuestion>;
  /** It is as large as it may get: it need not wait for more. */
  readonly full: AbortController;
  readonly cancel: AbortController;
}

export const openBatch = (generator: string): OpenBatch => ({
  generator,
  mode: 'collecting',
  id: null,
  state: 'collected',
  bytes: 0,
  questions: new Set(),
  full: new AbortController(),
  cancel: new AbortController(),
});

/** Questions that wait. */
export const batchedOf = (batches: ReadonlySet<OpenBatch>): number =>
  [...batches].reduce((sum, { questions }) => sum + questions.size, 0);

/** What is answered by then is answered. */
export const cancelBatches = (batches: ReadonlySet<OpenBatch>): void => {
  for (const { cancel } of batches) cancel.abort();
};
