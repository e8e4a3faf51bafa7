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
  readonly onDone?: (candidate: Candidate) => void;
  /** Called for each one that was looked at and is not done. */
  readonly onState?: (candidate: Candidate) => void;
}

/** Survives a restart of the daemon. Returns them in the order in which they finish. */
export const whenDone = async (
  client: Pick<KilnClient, 'candidate'>,
  ids: readonly string[],
  watching: Watching = {},
): Promise<readonly Candidate[]> => {
  const queue = [...new Set(ids)];
  const done: Candidate[] = [];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const candidate = await candidateWhenDone(client, id, watching);
      done.push(candidate);
      watching.onDone?.(candidate);
    }
  };
  await Promise.all(Array.from({ length: Math.min(POLLS_AT_ONCE, queue.length) }, work));
  return done;
};

const candidateWhenDone = async (
  client: Pick<KilnClient, 'candidate'>,
  id: string,
  { onState }: Watching,
): Promise<Candidate> => {
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
