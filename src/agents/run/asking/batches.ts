/**
 * From a question that can wait to its answer: collected with others of the campaign, sent as one batch, followed and read. Each step is in the rows before
 * the next one is taken, so that a batch that the service may have is never sent again and never forgotten.
 */
import { NO_USAGE, type BatchStep, type Generation } from '../../../domain/campaign/campaign.ts';
import { sleep } from '../../../platform/clock.ts';
import type { Answer, Batches, BatchResult, Failure } from '../../generator.ts';
import { advance } from '../outcomes/advance.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { type Arrival, type BatchedQuestion, type OpenBatch, openBatch } from '../state/open-batch.ts';
import type { AskingDeps } from './asking-deps.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { readingContext } from './reading-context.ts';

export interface Joining {
  readonly generation: Generation;
  readonly batches: Batches;
  readonly context: GenerationContext;
}

/** Resolves with the answer, or with null where the daemon stops before. Never rejects. */
export const joinBatch = async (
  run: AskingRun,
  deps: AskingDeps,
  { generation, batches, context }: Joining,
): Promise<Arrival | null> => {
  const batch = collecting(run, deps, { generator: generation.generator, batches });
  const arrival = withQuestion(batch, generation, context);
  batch.bytes += batches.requestBytes(context);
  const { requestsMax, bytesMax } = batches.limits;
  if (batch.questions.size >= requestsMax || batch.bytes >= bytesMax) batch.full.abort();
  return arrival;
};

export interface Resuming {
  readonly generator: string;
  /** Null: it cannot be asked now. */
  readonly batches: Batches | null;
  readonly step: Exclude<BatchStep, { readonly step: 'collected' }>;
  readonly generations: readonly Generation[];
  /** Why it cannot be asked. */
  readonly trouble: string;
}

/** One that a restart found. As `joinBatch`, for each generation. */
export const resumeBatch = (
  run: AskingRun,
  deps: AskingDeps,
  { generator, batches, step, generations, trouble }: Resuming,
): readonly Promise<Arrival | null>[] => {
  const batch = openBatch(generator);
  batch.mode = 'asked';
  batch.id = step.step === 'sent' ? step.id : null;
  const arrivals = generations.map(async (generation) => withQuestion(batch, generation, null));
  run.batches.add(batch);
  if (run.campaign.status === 'stopped' || run.campaign.status === 'finished') batch.cancel.abort();
  if (batches === null) batch.state = `its answers are fetched once ${generator} can be used: ${trouble}`;
  const known = async (): Promise<string | null> =>
    step.step === 'sent' ? step.id : batches && found(run, deps, { batch, batches, step });
  if (batches === null) run.leaving.signal.addEventListener('abort', () => leave(run, deps, batch));
  else void carry(run, deps, { batch, batches, known });
  return arrivals;
};

const withQuestion = async (
  batch: OpenBatch,
  generation: Generation,
  context: GenerationContext | null,
): Promise<Arrival | null> =>
  new Promise((onArrival) => {
    batch.questions.add({ generation, context, onArrival });
  });

const collecting = (
  run: AskingRun,
  deps: AskingDeps,
  { generator, batches }: { readonly generator: string; readonly batches: Batches },
): OpenBatch => {
  const [open] = [...run.batches].filter(
    (one) => one.generator === generator && one.mode === 'collecting' && !one.full.signal.aborted,
  );
  if (open) return open;
  const batch = openBatch(generator);
  run.batches.add(batch);
  void carry(run, deps, { batch, batches, known: async () => sent(run, deps, { batch, batches }) });
  return batch;
};

interface Carrying {
  readonly batch: OpenBatch;
  readonly batches: Batches;
}

/** `known`: the batch's id, or null where its questions are answered or left without one. Never rejects. */
const carry = async (
  run: AskingRun,
  deps: AskingDeps,
  { batch, batches, known }: Carrying & { readonly known: () => Promise<string | null> },
): Promise<void> => {
  try {
    const id = await known();
    if (id !== null) await answered(run, deps, { batch, batches, id });
  } catch (error) {
    if (!run.leaving.signal.aborted) {
      deps.log.error(
        { err: error, campaignId: run.campaign.id, generator: batch.generator, batch: batch.id },
        'a batch failed unexpectedly',
      );
      settleAll(batch, (generation) => lost(generation, 'an unexpected failure, see the log of the daemon'));
    }
  } finally {
    leave(run, deps, batch);
  }
};

/** What is without an answer by now waits for the next start. */
const leave = (run: AskingRun, deps: Pick<AskingDeps, 'wake'>, batch: OpenBatch): void => {
  for (const { onArrival } of batch.questions) onArrival(null);
  batch.questions.clear();
  run.batches.delete(batch);
  deps.wake();
};

const settle = (batch: OpenBatch, question: BatchedQuestion, answer: Answer): void => {
  if (batch.questions.delete(question)) question.onArrival({ generation: question.generation, answer });
};

const settleAll = (batch: OpenBatch, answerOf: (generation: Generation) => Answer): void => {
  for (const question of batch.questions) settle(batch, question, answerOf(question.generation));
};

const failed = (failure: Failure['failure'], message: string): Failure => ({ ok: false, failure, message, usage: NO_USAGE });

/** Whether it was billed nobody knows: its reserve counts as spent. */
const lost = ({ state }: Generation, message: string): Failure => {
  const micros = state.status === 'asked' ? state.reservedMicros : 0;
  return {
    ...failed('unavailable', `its batch is lost: ${message}; the most that it can cost counts`),
    usage: { ...NO_USAGE, micros },
  };
};

const sent = async (run: AskingRun, deps: AskingDeps, { batch, batches }: Carrying): Promise<string | null> => {
  const leaving = run.leaving.signal;
  const [cancelled] = [batch.cancel.signal];
  const soonest = AbortSignal.any([leaving, cancelled, batch.full.signal]);
  await sleep(batches.limits.collectMs, { clock: deps.clock, signal: soonest });
  batch.mode = 'sending';
  if (leaving.aborted) return null;
  if (cancelled.aborted) {
    settleAll(batch, () => ({ ...failed('stopped', 'stopped before its batch was sent; it is not billed'), isUnbilled: true }));
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
      settleAll(batch, () => made.failure);
      return null;
    case 'sent':
      return named(run, deps, batch, made.id);
    case 'unknown':
      deps.log.warn({ campaignId: run.campaign.id, generator: batch.generator }, `a batch may have been made: ${made.message}`);
      return found(run, deps, { batch, batches, step });
  }
};

interface Finding extends Carrying {
  readonly step: Extract<BatchStep, { readonly step: 'sending' | 'sent' }>;
}

/** Looked for where its id was never heard. */
const found = async (run: AskingRun, deps: AskingDeps, { batch, batches, step }: Finding): Promise<string | null> => {
  if (step.step === 'sent') return step.id;
  batch.state = 'looked for among the batches of the service';
  const keys = [...batch.questions].map(({ generation }) => keyOf(generation));
  const wanted = { keys, sinceMs: Date.parse(step.at), requests: step.requests };
  const end = await batches.find(wanted, { leave: run.leaving.signal, onState: (state) => (batch.state = state) });
  if (end.kind === 'found') return named(run, deps, batch, end.id);
  if (end.kind === 'none') settleAll(batch, () => failed('unavailable', 'its batch never reached the service; it is not billed'));
  if (end.kind === 'lost') settleAll(batch, (generation) => lost(generation, end.message));
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

const answered = async (
  run: AskingRun,
  deps: AskingDeps,
  { batch, batches, id }: Carrying & { readonly id: string },
): Promise<void> => {
  batch.id = id;
  const leaving = run.leaving.signal;
  const onState = (state: string): void => {
    batch.state = state;
  };
  const ended = await batches.follow(id, { cancel: batch.cancel.signal, leave: leaving, onState });
  const results: BatchResult[] = [];
  const keys = [...batch.questions].map(({ generation }) => keyOf(generation));
  const end =
    ended.kind === 'ended'
      ? await batches.results(id, { keys, leave: leaving, onResult: (result) => void results.push(result) })
      : ended;
  const byKey = new Map([...batch.questions].map((question) => [keyOf(question.generation), question]));
  for (const result of results) {
    const question = byKey.get(result.key);
    if (question) await arrive(run, deps, { batch, question, result });
  }
  if (end.kind === 'lost') settleAll(batch, (generation) => lost(generation, end.message));
};

interface Arriving {
  readonly batch: OpenBatch;
  readonly question: BatchedQuestion;
  readonly result: BatchResult;
}

const arrive = async (run: AskingRun, deps: AskingDeps, { batch, question, result }: Arriving): Promise<void> => {
  const { context, idea } = await readingContext(run, deps, question.generation);
  const answer = result.read(context);
  settle(batch, question, answer.ok && idea !== null ? { ...answer, draft: { ...answer.draft, idea } } : answer);
};

/** A generation's id in the alphabet of names of questions. */
const keyOf = ({ id }: Generation): string => id.replace('.', '_');
