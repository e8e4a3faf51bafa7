/**
 * `kiln/client`: Kiln for scripts. Calls that may be repeated are repeated while the daemon is not there or its queue is full; they may, since ids are hashes of
 * content: what is submitted twice is one candidate, and the same request is one sweep.
 */
import { env as processEnv } from 'node:process';
import type { SubmitCandidate } from '../domain/api/candidates.ts';
import type { CreateSweep, SweepView } from '../domain/api/sweeps.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { SweepResult } from '../domain/sweep/sweep.ts';
import { createClient, type KilnClient } from './create-client.ts';
import { createFolderMoves, type FolderMoves, type HostFolder, type MoveOptions } from './files/move-folders.ts';
import type { Transferred } from './files/transfer.ts';
import { type RetryLimits, RETRY_LIMITS, retrying } from './retrying.ts';
import { type FollowOptions, followSweep } from './follow-sweep.ts';

export type { Candidate, CreateSweep, HostFolder, KilnClient, MoveOptions, SubmitCandidate, SweepResult, SweepView, Transferred };
export { KilnError } from '../domain/errors.ts';

export interface ConnectOptions {
  /** Left out: KILN_URL, or http://127.0.0.1:7070. */
  readonly url?: string;
  /** Left out: KILN_TOKEN. */
  readonly token?: string;
  readonly retry?: Partial<RetryLimits>;
}

export interface Kiln extends FolderMoves {
  /** Every call of the API, each made once. */
  readonly api: KilnClient;
  /** Submits candidates and yields each when it has its verdict, in the order in which they finish. */
  judge(candidates: readonly SubmitCandidate[]): AsyncGenerator<Candidate>;
  /**
   * Starts a sweep, or goes on with the one that this request started before, and yields what became of its points as verdicts come. Nothing is asked for before
   * what is there was taken. Whoever leaves the loop early ends the sweep, unless `onBreak` is `keep`.
   */
  sweep(request: CreateSweep, options?: FollowOptions): AsyncGenerator<SweepResult, SweepView>;
}

/** `env`: where address and token come from where they are left out. */
export const connect = ({ url, token, retry: limits }: ConnectOptions = {}, env: NodeJS.ProcessEnv = processEnv): Kiln => {
  const api = createClient({
    url: url ?? env['KILN_URL'] ?? 'http://127.0.0.1:7070',
    token: token ?? env['KILN_TOKEN'] ?? null,
  });
  const retry = retrying({ ...RETRY_LIMITS, ...limits });
  return {
    api,
    ...createFolderMoves(api.hosts, env),
    judge: (candidates) => judged({ api, retry }, candidates),
    sweep: (request, options) => followSweep({ api, retry }, request, options),
  };
};

const BATCH = 200;
const POLLS_AT_ONCE = 16;
const WAIT_SECONDS = 30;

interface Calling {
  readonly api: KilnClient;
  readonly retry: <T>(call: () => Promise<T>) => Promise<T>;
}

async function* judged({ api, retry }: Calling, candidates: readonly SubmitCandidate[]): AsyncGenerator<Candidate> {
  for (let from = 0; from < candidates.length; from += BATCH) {
    const { candidates: taken } = await retry(async () => api.submit(candidates.slice(from, from + BATCH)));
    const ids = [...new Set(taken.map(({ id }) => id))];
    const polls = new Map<string, Promise<Candidate>>();
    while (ids.length + polls.size > 0) {
      for (const id of ids.splice(0, POLLS_AT_ONCE - polls.size))
        polls.set(
          id,
          retry(async () => api.candidate(id, { waitSeconds: WAIT_SECONDS })),
        );
      const record = await Promise.race(polls.values());
      polls.delete(record.id);
      if (record.state.status === 'done') yield record;
      else ids.push(record.id);
    }
  }
}
