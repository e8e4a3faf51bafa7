/**
 * Looks for candidates that the queue has no job for, and queues them again: after a start, when the queue says that it was emptied or lost
 * leases, and when it has fewer jobs than the store has candidates that are not done.
 *
 * Modes: quiet; suspicious (the next tick looks); looking (one look at a time; a suspicion meanwhile is another look after it).
 * Counting costs the same however many wait, and is done now and then; a look reads the ids of everything that waits, and is not.
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { LeasingSlice } from '../state.ts';

const PAGE = 1000;
const COUNT_EVERY_MS = 30_000;
/** A submission is stored before it is queued: one count may meet it in between. */
const SHORT_COUNTS = 2;

export interface LostJobs {
  readonly suspect: () => void;
  /** `nowMs` never jumps. */
  readonly onTick: (nowMs: number) => void;
}

type Parts = Pick<LeasingSlice, 'store' | 'queue' | 'log'>;

export const createLostJobs = (parts: Parts): LostJobs => {
  let isSuspicious = false;
  let isBusy = false;
  let shortCounts = 0;
  let nextCountMs: number | null = null;

  /** Tried at every tick until store and queue take it. */
  const look = async (): Promise<void> => {
    isSuspicious = false;
    shortCounts = 0;
    try {
      const found = await requeueLost(parts);
      if (found > 0) parts.log.warn({ candidates: found }, 'candidates without a queue job were queued again');
    } catch (error) {
      isSuspicious = true;
      parts.log.debug({ err: error }, 'could not look for candidates without a queue job; it is tried again');
    }
  };
  const count = async (): Promise<void> => {
    try {
      shortCounts = (await isShort(parts)) ? shortCounts + 1 : 0;
      if (shortCounts >= SHORT_COUNTS) isSuspicious = true;
    } catch (error) {
      parts.log.debug({ err: error }, 'could not count what waits; it is tried again');
    }
  };
  const alone = (work: () => Promise<void>): void => {
    isBusy = true;
    void work().finally(() => {
      isBusy = false;
    });
  };

  return {
    suspect: () => {
      isSuspicious = true;
    },
    onTick: (nowMs) => {
      if (isBusy) return;
      nextCountMs ??= nowMs + COUNT_EVERY_MS;
      if (isSuspicious) alone(look);
      else if (nowMs >= nextCountMs) {
        nextCountMs = nowMs + COUNT_EVERY_MS;
        alone(count);
      }
    },
  };
};

/** Jobs of candidates that are done already may make up for lost ones; they end when they are leased. */
const isShort = async ({ store, queue }: Parts): Promise<boolean> => {
  const jobs = await queue.count();
  if (jobs === null) return false;
  const { rows } = await store.backlog();
  return rows.reduce((total, { count }) => total + count, 0) > jobs;
};

/**
 * Also those that the scheduler holds: their jobs say to the next life of this daemon that they were begun. Returns how many had none.
 */
const requeueLost = async ({ store, queue }: Parts): Promise<number> => {
  let found = 0;
  let after: { readonly id: CandidateId } | null = null;
  for (;;) {
    const page = await store.unfinished(PAGE, after);
    const last = page.at(-1);
    if (!last) return found;
    const missing = new Set(await queue.missing(page.map(({ id }) => id)));
    const lost = page.filter(({ id }) => missing.has(id));
    if (lost.length > 0) await queue.add(lost.map(({ id, priority }) => ({ candidateId: id, priority })));
    found += lost.length;
    after = last;
  }
};
