/** From a batch that is collected to the id that the service gave it: sent once, and looked for where the id was never heard. Each step is durable before the next. */
import type { BatchStep } from '../../../domain/campaign/campaign.ts';
import { sleep } from '../../../platform/clock.ts';
import { advance } from '../outcomes/advance.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import type { BatchedQuestion, OpenBatch } from '../state/open-batch.ts';
import type { AskingDeps } from './asking-deps.ts';
import { type Carrying, failed, keyOf, lost, answerAll } from './answer-batch.ts';

/** Null where its questions are answered, or left to the next start, without one. */
export const sendBatch = async (run: AskingRun, deps: AskingDeps, { batch, batches }: Carrying): Promise<string | null> => {
  const leaving = run.leaving.signal;
  const cancelled = batch.cancel.signal;
  const soonest = AbortSignal.any([leaving, cancelled, batch.full.signal]);
  await sleep(batches.limits.collectMs, { clock: deps.clock, signal: soonest });
  batch.mode = 'sending';
  if (leaving.aborted) return null;
  if (cancelled.aborted) {
    answerAll(batch, () => ({ ...failed('stopped', 'stopped before its batch was sent; it is not billed'), isUnbilled: true }));
    return null;
  }
  const step = { step: 'sending' as const, at: new Date(deps.now()).toISOString(), requests: batch.questions.size };
  batch.state = 'being sent';
  await write(run, deps, batch, step);
  const questions = [...batch.questions].flatMap(({ generation, context }) =>
    context ? [{ key: keyOf(generation), context }] : [],
  );
  const made = await batches.send(questions, { cancel: cancelled, leave: leaving });
  for (const question of batch.questions) question.context = null;
  batch.mode = 'asked';
  switch (made.kind) {
    case 'refused':
      answerAll(batch, () => made.failure);
      return null;
    case 'sent':
      return named(run, deps, batch, made.id);
    case 'unknown':
      deps.log.warn({ campaignId: run.campaign.id, generator: batch.generator }, `a batch may have been made: ${made.message}`);
      return findAgain(run, deps, { batch, batches, step });
  }
};

export interface Finding extends Carrying {
  readonly step: Extract<BatchStep, { readonly step: 'sending' }>;
}

/** As `sendBatch`, of one that the service may have. */
export const findAgain = async (run: AskingRun, deps: AskingDeps, { batch, batches, step }: Finding): Promise<string | null> => {
  batch.state = 'looked for among the batches of the service';
  const keys = [...batch.questions].map(({ generation }) => keyOf(generation));
  const wanted = { keys, sinceMs: Date.parse(step.at), requests: step.requests };
  const end = await batches.find(wanted, { leave: run.leaving.signal, onState: (state) => (batch.state = state) });
  if (end.kind === 'found') return named(run, deps, batch, end.id);
  if (end.kind === 'none') answerAll(batch, () => failed('unavailable', 'its batch never reached the service; it is not billed'));
  if (end.kind === 'lost') answerAll(batch, (generation) => lost(generation, end.message));
  return null;
};

const named = async (run: AskingRun, deps: AskingDeps, batch: OpenBatch, id: string): Promise<string> => {
  batch.id = id;
  batch.state = 'being answered';
  await write(run, deps, batch, { step: 'sent', id });
  deps.log.info(
    { campaignId: run.campaign.id, generator: batch.generator, batch: id, questions: batch.questions.size },
    'a batch was sent',
  );
  return id;
};

/** In the rows of all of its questions, when it resolves. */
const write = async (run: AskingRun, deps: AskingDeps, { questions }: OpenBatch, batch: BatchStep): Promise<void> => {
  const one = async (question: BatchedQuestion): Promise<void> => {
    const { generation } = question;
    if (generation.state.status === 'asked')
      question.generation = await advance(run, deps, { generation, state: { ...generation.state, batch } });
  };
  // As many as a batch has at most: they share the writes.
  await Promise.all([...questions].map(one));
};
