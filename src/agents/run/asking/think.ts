/** One question to a generator and what comes of it. */
import { KilnError } from '../../../domain/errors.ts';
import { ask, type Question } from './ask.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import type { Arrival } from '../state/open-batch.ts';
import { keepAnswer } from './keep-answer.ts';
import { keepDiagnosis } from './keep-diagnosis.ts';
import type { Assignment } from './assignment.ts';
import type { Taken } from './submit.ts';
import type { AskingDeps } from './asking-deps.ts';

/** After a failure that nobody foresaw. */
const COOL_DOWN_MS = 5000;

interface Thought {
  /** From the question to the answer; null without one. */
  readonly ms: number | null;
  readonly taken: Taken;
}

/** The agent is free again when it resolves. Never rejects. */
export const think = async (run: AskingRun, deps: AskingDeps, assignment: Assignment): Promise<void> => {
  const { ms, taken } = await thought(run, deps, assignment);
  deps.classes.onThought(assignment.target.device, ms, taken === 'candidate' ? 'candidate' : 'nothing');
  run.thinking -= 1;
  run.roster.free(assignment.agent);
  deps.wake();
};

/** Of a question that a restart found in a batch. Its agent is free again when it resolves. Never rejects. */
export const thinkAgain = async (
  run: AskingRun,
  deps: AskingDeps,
  { assignment, arrival }: { readonly assignment: Assignment; readonly arrival: Promise<Arrival | null> },
): Promise<void> => {
  const { agent, target } = assignment;
  const isTaken = run.roster.occupy(agent);
  let taken: Taken = 'nothing';
  try {
    taken = await keptArrival(run, deps, { assignment, arrival });
  } catch (error) {
    onUnforeseen(run, deps, error);
  }
  deps.classes.onThought(target.device, null, taken === 'candidate' ? 'candidate' : 'nothing');
  run.thinking -= 1;
  if (isTaken) run.roster.free(agent);
  deps.wake();
};

const thought = async (run: AskingRun, deps: AskingDeps, assignment: Assignment): Promise<Thought> => {
  const startedMs = deps.monotonicMs();
  let ms: number | null = null;
  try {
    const question = await ask(run, deps, assignment);
    if (question?.kind === 'diagnosis') {
      ms = await keptDiagnosis(run, deps, { question, assignment, startedMs });
      return { ms, taken: 'nothing' };
    }
    if (question?.kind === 'batched') {
      // Nobody thinks while it waits, and nothing is known of who is asked.
      deps.classes.onThought(assignment.target.device, null, 'nothing');
      run.thinking -= 1;
      assignment.asking.breaker.onAbandoned();
      deps.wake();
      return { ms, taken: await keptArrival(run, deps, { assignment, arrival: question.arrival }) };
    }
    if (question) {
      const { generation } = question;
      const answer = await question.answer;
      ms = deps.monotonicMs() - startedMs;
      return { ms, taken: await keepAnswer(run, deps, { generation, answer, assignment }) };
    }
  } catch (error) {
    onUnforeseen(run, deps, error);
  }
  assignment.asking.breaker.onAbandoned();
  return { ms, taken: 'nothing' };
};

interface Arriving {
  readonly assignment: Assignment;
  readonly arrival: Promise<Arrival | null>;
}

/** Thinks from the answer on. */
const keptArrival = async (run: AskingRun, deps: AskingDeps, { assignment, arrival }: Arriving): Promise<Taken> => {
  const arrived = await arrival;
  run.thinking += 1;
  deps.classes.onAsked(assignment.target.device);
  return arrived ? keepAnswer(run, deps, { ...arrived, assignment }) : 'nothing';
};

interface Diagnosing {
  readonly question: Extract<Question, { kind: 'diagnosis' }>;
  readonly assignment: Assignment;
  readonly startedMs: number;
}

/** Returns how long the answer took. */
const keptDiagnosis = async (
  run: AskingRun,
  deps: AskingDeps,
  { question, assignment, startedMs }: Diagnosing,
): Promise<number> => {
  const { generation, choice } = question;
  if (generation.generator !== assignment.generator.name) {
    // Of who is to write nothing was heard.
    assignment.asking.breaker.onAbandoned();
    run.breakerOf(generation.generator).onRequest();
  }
  const answer = await question.answer;
  const ms = deps.monotonicMs() - startedMs;
  await keepDiagnosis(run, deps, { generation, answer, assignment, choice });
  return ms;
};

const onUnforeseen = (run: AskingRun, { log, monotonicMs }: AskingDeps, error: unknown): void => {
  if (run.closed.signal.aborted) return;
  log.error({ err: error, campaignId: run.campaign.id }, 'an agent met an unexpected failure');
  run.coolDownUntilMs = monotonicMs() + COOL_DOWN_MS;
  run.trouble = error instanceof KilnError ? error.message : 'an unexpected failure, see the log; it is tried again';
};
