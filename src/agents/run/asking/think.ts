/** One question to a generator and what comes of it. */
import { KilnError } from '../../../domain/errors.ts';
import { ask } from './ask.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { keepAnswer } from './keep-answer.ts';
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
    if (question) {
      const answer = await question.answer;
      ms = deps.monotonicMs() - startedMs;
      return { ms, taken: await keepAnswer(run, deps, { generation: question.generation, answer, assignment }) };
    }
  } catch (error) {
    onUnforeseen(run, deps, error);
  }
  assignment.asking.breaker.onAbandoned();
  return { ms, taken: 'nothing' };
};

const onUnforeseen = (run: AskingRun, { log, monotonicMs }: AskingDeps, error: unknown): void => {
  if (run.closed.signal.aborted) return;
  log.error({ err: error, campaignId: run.campaign.id }, 'an agent met an unexpected failure');
  run.coolDownUntilMs = monotonicMs() + COOL_DOWN_MS;
  run.trouble = error instanceof KilnError ? error.message : 'an unexpected failure, see the log; it is tried again';
};
