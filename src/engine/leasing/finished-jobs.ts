/** Ends the queue's jobs of candidates whose verdict is committed. */
import type { Logger } from 'pino';
import type { CandidateId } from '../../domain/ids.ts';
import type { Queue } from '../../domain/ports/queue.ts';

export interface FinishedJobs {
  readonly end: (ids: readonly CandidateId[]) => void;
  /** Resolves when all that were to be ended so far are, or could not be. */
  readonly ended: () => Promise<void>;
}

export const createFinishedJobs = (queue: Pick<Queue, 'complete'>, log: Pick<Logger, 'warn'>): FinishedJobs => {
  let ending: Promise<void> = Promise.resolve();
  return {
    end: (ids) => {
      const ended = queue
        .complete(ids)
        .catch((error: unknown) => log.warn({ err: error }, 'ending queue jobs failed; they end when they are leased again'));
      ending = Promise.all([ending, ended]).then(() => undefined);
    },
    ended: async () => ending,
  };
};
