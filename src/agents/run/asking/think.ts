/** One question to a generator and what comes of it. */
import { KilnError } from '../../../domain/errors.ts';
import { ask } from './ask.ts';
import type { Run, RunDeps } from '../lifecycle/campaign-run.ts';
import { keepAnswer } from './keep-answer.ts';
import type { Seat } from './assignment.ts';
import type { Taken } from './submit.ts';

/** After a failure that nobody foresaw. */
const HELD_MS = 5000;

interface Thought {
  /** From the question to the answer; null without one. */
  readonly ms: number | null;
  readonly taken: Taken;
}

/** The agent is free again when it resolves. Never rejects. */
export const think = async (run: Run, deps: RunDeps, seat: Seat): Promise<void> => {
  const { ms, taken } = await thought(run, deps, seat);
  deps.classes.onThought(seat.target.device, ms, taken === 'candidate' ? 'candidate' : 'nothing');
  run.thinking -= 1;
  run.roster.free(seat.agent);
  deps.poke();
};

const thought = async (run: Run, deps: RunDeps, seat: Seat): Promise<Thought> => {
  const startedMs = deps.monotonicMs();
  let ms: number | null = null;
  try {
    const question = await ask(run, deps, seat);
    if (question) {
      const answer = await question.answer;
      ms = deps.monotonicMs() - startedMs;
      return { ms, taken: await keepAnswer(run, deps, { generation: question.generation, answer, seat }) };
    }
  } catch (error) {
    onUnforeseen(run, deps, error);
  }
  seat.asking.gate.onLeft();
  return { ms, taken: 'nothing' };
};

const onUnforeseen = (run: Run, { log, monotonicMs }: RunDeps, error: unknown): void => {
  if (run.closed.signal.aborted) return;
  log.error({ err: error, campaignId: run.record.id }, 'an agent met an unexpected failure');
  run.heldUntilMs = monotonicMs() + HELD_MS;
  run.trouble = error instanceof KilnError ? error.message : 'an unexpected failure, see the log; it is tried again';
};
