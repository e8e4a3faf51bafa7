/** After a start: takes back what an earlier life of this daemon still held, and heals what it could not finish. */
import type { CandidateId } from '../domain/ids.ts';
import type { EngineState } from './engine-state.ts';
import { admitOne } from './lease-window.ts';

const PAGE = 1000;
/**
 * A host may know attempts that were sent in the last moments before a crash and never written down. New attempts start this much
 * further on, so that no id is given out twice.
 */
const UNWRITTEN_ATTEMPTS = 10;

/** Adopted jobs go to the scheduler at once; the sweep through the store goes on behind the first work. */
export const recover = async (state: EngineState): Promise<void> => {
  const adopted = (await state.queue.adopt()).map(({ candidateId }) => candidateId);
  for (let from = 0; from < adopted.length; from += PAGE) await takeBack(state, adopted.slice(from, from + PAGE));
  if (adopted.length > 0) state.log.info({ candidates: adopted.length }, 'took back candidates of the last run');
  void requeueLost(state).catch((error: unknown) =>
    state.log.error({ err: error }, 'could not look for candidates without a queue job'),
  );
};

const takeBack = async (state: EngineState, ids: readonly CandidateId[]): Promise<void> => {
  const pending = await state.store.pending(ids);
  for (const item of pending) admitOne(state, { ...item, attempts: item.attempts + UNWRITTEN_ATTEMPTS });
  const live = new Set(pending.map(({ id }) => id));
  const done = ids.filter((id) => !live.has(id));
  if (done.length > 0) await state.queue.discard(done);
};

/** A crash (or an outage of the queue) between the store's commit and the queue's add leaves a candidate without a job. Adding is idempotent, so all are added. */
export const requeueLost = async (state: EngineState): Promise<void> => {
  let after: { readonly submittedAtMs: number; readonly id: CandidateId } | null = null;
  for (;;) {
    const page = await state.store.unfinished(PAGE, after);
    const last = page.at(-1);
    if (!last) return;
    await state.queue.add(
      page
        .filter(({ id }) => !state.lives.has(id))
        .map(({ id, submission }) => ({ candidateId: id, priority: submission.priority })),
    );
    after = { submittedAtMs: last.submittedAtMs, id: last.id };
  }
};
