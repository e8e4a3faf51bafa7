/** Waits for candidates by long polls, a few at a time. */
import type { KilnClient } from '../client/create-client.ts';
import { KilnError } from '../domain/errors.ts';
import type { Candidate } from '../domain/candidate.ts';
import { retry } from '../platform/retry.ts';

const POLLS_AT_ONCE = 16;
const WAIT_SECONDS = 30;
const RETRY_MS = 1000;
const RETRIES_MAX = 60;

export interface Watching {
  /** Called for each candidate when it is done, in the order in which they finish. */
  readonly onDone: (candidate: Candidate) => void;
  /** Called for each one that was looked at and is not done. */
  readonly onState?: (candidate: Candidate) => void;
}

/** Survives a restart of the daemon. */
export const whenDone = async (client: KilnClient, ids: readonly string[], watching: Watching): Promise<void> => {
  const queue = [...new Set(ids)];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift())
      watching.onDone(await candidateWhenDone(client, id, watching));
  };
  await Promise.all(Array.from({ length: Math.min(POLLS_AT_ONCE, queue.length) }, work));
};

const candidateWhenDone = async (client: KilnClient, id: string, { onState }: Watching): Promise<Candidate> => {
  for (;;) {
    const candidate = await retryWhileUnavailable(() => client.candidate(id, { waitSeconds: WAIT_SECONDS }));
    if (candidate.state.status === 'done') return candidate;
    onState?.(candidate);
  }
};

/** Tries again what may succeed later, such as a daemon that restarts. */
export const retryWhileUnavailable = async <T>(call: () => Promise<T>): Promise<T> =>
  retry(call, {
    mayHelp: (error, failures) => error instanceof KilnError && error.retryable && failures <= RETRIES_MAX,
    waitMs: () => RETRY_MS,
  });
