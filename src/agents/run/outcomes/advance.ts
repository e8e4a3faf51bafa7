/** Moves a generation on: counted, and durable when it resolves. */
import type { Generation, GenerationState, GenerationUpdate } from '../../../domain/campaign/campaign.ts';
import { patienceOf, targetOf } from '../lifecycle/campaign-run.ts';
import type { Run, RunDeps } from '../lifecycle/campaign-run.ts';
import { onMiss } from './misses.ts';

const MESSAGE_CHARS_MAX = 2000;

/** Counted and durable. Returns the generation as it is now. */
export const advance = async (
  run: Run,
  deps: Pick<RunDeps, 'rows' | 'now'>,
  { generation, ...change }: { readonly generation: Generation; readonly state: GenerationState } & Omit<GenerationUpdate, 'id'>,
): Promise<Generation> => {
  const after = { ...generation, ...change, updatedAt: new Date(deps.now()).toISOString() };
  run.account.move(generation, after);
  await deps.rows.update({ id: generation.id, ...change }, patienceOf(run));
  return after;
};

export const fail = async (
  run: Run,
  deps: Pick<RunDeps, 'rows' | 'now'>,
  failed: Pick<Extract<GenerationState, { status: 'failed' }>, 'failure' | 'message'> & {
    readonly generation: Generation;
    readonly usage?: Generation['usage'];
  },
): Promise<void> => {
  const { generation, failure, message, usage } = failed;
  const state: GenerationState = { status: 'failed', failure, message: message.slice(0, MESSAGE_CHARS_MAX) };
  onMiss(run, await advance(run, deps, { generation, state, ...(usage && { usage }) }));
  leaveStart(run, generation);
};

/** A starting point is through. */
export const leaveStart = (run: Run, generation: Generation): void => {
  const target = targetOf(run, generation);
  if (generation.move === 'seed' && target) target.startsLeft -= 1;
};
