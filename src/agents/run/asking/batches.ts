/**
 * From a question that can wait to its answer: collected with others of the campaign, sent as one batch, followed and read. Each step is in the rows before
 * the next one is taken, so that a batch that the service may have is never sent again and never forgotten.
 */
import type { BatchStep, Generation } from '../../../domain/campaign/campaign.ts';
import type { Batches, BatchResult } from '../../generator.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { type Arrival, type BatchedQuestion, type OpenBatch, openBatch } from '../state/open-batch.ts';
import type { AskingDeps } from './asking-deps.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { readingContext } from './reading-context.ts';
import { findAgain, sendBatch } from './send-batch.ts';
import { type Carrying, keyOf, lost, answerQuestion, answerAll } from './answer-batch.ts';

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
  const batch = opened(run, generator);
  batch.mode = 'asked';
  batch.id = step.step === 'sent' ? step.id : null;
  const arrivals = generations.map(async (generation) => withQuestion(batch, generation, null));
  if (batches === null) batch.state = `its answers are fetched once ${generator} can be used: ${trouble}`;
  const known = async (): Promise<string | null> =>
    step.step === 'sent' ? step.id : batches && findAgain(run, deps, { batch, batches, step });
  if (batches === null) run.leaving.signal.addEventListener('abort', () => leave(run, deps, batch));
  else void carry(run, deps, { batch, batches, known });
  return arrivals;
};

/** Cancelled where the campaign is over: a question may be written down while a person stops it. */
const opened = (run: AskingRun, generator: string): OpenBatch => {
  const batch = openBatch(generator);
  run.batches.add(batch);
  if (run.campaign.status === 'stopped' || run.campaign.status === 'finished') batch.cancel.abort();
  return batch;
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
  const batch = opened(run, generator);
  void carry(run, deps, { batch, batches, known: async () => sendBatch(run, deps, { batch, batches }) });
  return batch;
};

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
      answerAll(batch, (generation) => lost(generation, 'an unexpected failure, see the log of the daemon'));
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

const answered = async (
  run: AskingRun,
  deps: AskingDeps,
  { batch, batches, id }: Carrying & { readonly id: string },
): Promise<void> => {
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
    if (question) await arriveAlone(run, deps, { batch, question, result });
  }
  if (end.kind === 'lost') answerAll(batch, (generation) => lost(generation, end.message));
};

interface Arriving {
  readonly batch: OpenBatch;
  readonly question: BatchedQuestion;
  readonly result: BatchResult;
}

/** One that cannot be read, such as of a problem that is gone, costs the others nothing. */
const arriveAlone = async (run: AskingRun, deps: AskingDeps, arriving: Arriving): Promise<void> => {
  const { batch, question } = arriving;
  try {
    await arrive(run, deps, arriving);
  } catch (error) {
    if (run.leaving.signal.aborted || !(error instanceof Error)) throw error;
    deps.log.error({ err: error, campaignId: run.campaign.id, batch: batch.id }, 'an answer of a batch cannot be read');
    answerQuestion(batch, question, lost(question.generation, `its answer cannot be read: ${error.message}`));
  }
};

const arrive = async (run: AskingRun, deps: AskingDeps, { batch, question, result }: Arriving): Promise<void> => {
  const { context, idea } = await readingContext(run, deps, question.generation);
  const answer = result.read(context);
  answerQuestion(batch, question, answer.ok && idea !== null ? { ...answer, draft: { ...answer.draft, idea } } : answer);
};
