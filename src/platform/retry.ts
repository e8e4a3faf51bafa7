import { type Clock, sleep, SYSTEM_CLOCK } from './clock.ts';

export interface RetryRules {
  /** Whether another try may help. `failures`: how many there were, this one counted. */
  readonly mayHelp: (error: unknown, failures: number) => boolean;
  readonly waitMs: (failures: number) => number;
  /** Ends the waiting: the work's error is thrown. */
  readonly signal?: AbortSignal;
  readonly clock?: Pick<Clock, 'after'>;
}

const NEVER = new AbortController().signal;

/** Tries until it works, or until another try does not help: then the work's error is thrown. */
export const retry = async <T>(
  work: () => Promise<T>,
  { mayHelp, waitMs, signal = NEVER, clock = SYSTEM_CLOCK }: RetryRules,
): Promise<T> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !mayHelp(error, failures)) throw error;
      await sleep(waitMs(failures), { clock, signal });
    }
  }
};
