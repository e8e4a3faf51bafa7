/** After a start: takes back what an earlier life of this daemon still held, and heals what it could not finish. */
import type { CandidateId } from '../domain/ids.ts';
import type { EngineState } from './engine-state.ts';
import { admit } from './lease-window.ts';
import type { LeaseWindowDeps } from './lease-window.ts';

const PAGE = 1000;

/** Adopted jobs go to the scheduler at once; the sweep through the store goes on behind the first work. */
export const recover = async (state: EngineState, takeRecent: LeaseWindowDeps['takeRecent']): Promise<void> => {
  const adopted = (await state.queue.adopt()).map(({ candidateId }) => candidateId);
  for (let from = 0; from < adopted.length; from += PAGE) await admit(state, adopted.slice(from, from + PAGE), takeRecent);
  if (adopted.length > 0) state.log.info({ candidates: adopted.length }, 'took back candidates of the last run');
  void requeueLost(state).catch((error: unknown) => state.log.error({ err: error }, 'could not look for candidates without a queue job'));
};

/** A crash between the store's commit and the queue's add leaves a candidate without a job. Adding is idempotent, so all are added. */
const requeueLost = async (state: EngineState): Promise<void> => {
  let after: { readonly submittedAtMs: number; readonly id: CandidateId } | null = null;
  for (;;) {
    const page = await state.store.unfinished(PAGE, after);
    const last = page.at(-1);
    if (!last) return;
    await state.queue.add(page.filter(({ id }) => !state.lives.has(id)).map(({ id, submission }) => ({ candidateId: id, priority: submission.priority })));
    after = { submittedAtMs: last.submittedAtMs, id: last.id };
  }
};
