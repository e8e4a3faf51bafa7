/** Moves a generation on: counted, and durable when it resolves. */
import type { Generation, GenerationState, GenerationUpdate } from '../../../domain/campaign/campaign.ts';
import { retryOf, targetOf } from '../state/campaign-run.ts';
import type { AwaitingRun } from '../state/campaign-run.ts';
import { addFailed } from './failed-generations.ts';
import type { OutcomeDeps } from './outcome-deps.ts';

const MESSAGE_CHARS_MAX = 2000;

/** Counted and durable. Returns the generation as it is now. */
export const advance = async (
  run: AwaitingRun,
  deps: Pick<OutcomeDeps, 'writer' | 'now'>,
  { generation, ...change }: { readonly generation: Generation; readonly state: GenerationState } & Omit<GenerationUpdate, 'id'>,
): Promise<Generation> => {
  const after = { ...generation, ...change, updatedAt: new Date(deps.now()).toISOString() };
  run.account.move(generation, after);
  await deps.writer.update({ id: generation.id, ...change }, retryOf(run));
  return after;
};

export const fail = async (
  run: AwaitingRun,
  deps: Pick<OutcomeDeps, 'writer' | 'now'>,
  failed: Pick<Extract<GenerationState, { status: 'failed' }>, 'failure' | 'message'> & {
    readonly generation: Generation;
    readonly usage?: Generation['usage'];
  },
): Promise<void> => {
  const { generation, failure, message, usage } = failed;
  const state: GenerationState = { status: 'failed', failure, message: message.slice(0, MESSAGE_CHARS_MAX) };
  addFailed(run, await advance(run, deps, { generation, state, ...(usage && { usage }) }));
  leaveStart(run, generation);
};

/** A starting point is through. */
export const leaveStart = (run: AwaitingRun, generation: Generation): void => {
  const target = targetOf(run, generation);
  if (generation.move === 'seed' && target) target.startsLeft -= 1;
};
