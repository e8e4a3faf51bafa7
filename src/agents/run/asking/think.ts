/** One question to a generator and what comes of it. */
import { KilnError } from '../../../domain/errors.ts';
import { ask, type Question } from './ask.ts';
import type { AskingRun } from '../state/campaign-run.ts';
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

const thought = async (run: AskingRun, deps: AskingDeps, assignment: Assignment): Promise<Thought> => {
  const startedMs = deps.monotonicMs();
  let ms: number | null = null;
  try {
    const question = await ask(run, deps, assignment);
    if (question?.kind === 'diagnosis') {
      ms = await keptDiagnosis(run, deps, { question, assignment, startedMs });
      return { ms, taken: 'nothing' };
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
