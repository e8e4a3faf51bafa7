/** Whether the queue's backend answers. An outage is told once when it begins and once when it ends. */
import { KilnError } from '../domain/errors.ts';

export interface QueueLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface Health {
  /** Runs `work`; a failure is remembered and thrown as QUEUE_UNAVAILABLE (retryable), naming `what` failed. */
  readonly attempt: <T>(what: string, work: () => Promise<T>) => Promise<T>;
  /** The same, with undefined for a failure. */
  readonly attemptQuietly: <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;
  readonly fail: (error: unknown) => void;
  /** Whether commands failed since the last call: some of them may have taken leases that nobody knows of. */
  readonly takeDoubt: () => boolean;
}

export const createHealth = (log: QueueLog): Health => {
  let isDown = false;
  let isDoubtful = false;

  const fail = (error: unknown): void => {
    isDoubtful = true;
    if (!isDown) log.warn({ err: error }, 'the queue cannot be reached; it is tried again until it answers');
    isDown = true;
  };
  const succeed = (): void => {
    if (isDown) log.info({}, 'the queue answers again');
    isDown = false;
  };
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      succeed();
      return result;
    } catch (error) {
      fail(error);
      throw unavailable(what, error);
    }
  };
  return {
    attempt,
    attemptQuietly: async (what, work) => {
      try {
        return await attempt(what, work);
      } catch (error) {
        if (error instanceof KilnError && error.code === 'QUEUE_UNAVAILABLE') return undefined;
        throw error;
      }
    },
    fail,
    takeDoubt: () => {
      const wasDoubtful = isDoubtful;
      isDoubtful = false;
      return wasDoubtful;
    },
  };
};

export const unavailable = (what: string, error: unknown): KilnError => {
  const reason = error instanceof Error ? error.message : String(error);
  return new KilnError('QUEUE_UNAVAILABLE', `${what} failed (${reason}); check that the queue's Redis or Postgres runs`, {
    cause: error,
  });
};
