/** Waits for candidates by long polls, a few at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KilnClient } from '../client/create-client.ts';
import { KilnError } from '../domain/errors.ts';
import type { CandidateRecord } from '../domain/records.ts';

const POLLS_AT_ONCE = 16;
const WAIT_SECONDS = 30;
const RETRY_MS = 1000;
const RETRIES_MAX = 60;

export interface Watching {
  /** Called for each candidate when it is done, in the order in which they finish. */
  readonly onDone: (record: CandidateRecord) => void;
  /** Called for each one that was looked at and is not done. */
  readonly onState?: (record: CandidateRecord) => void;
}

/** Survives a restart of the daemon. */
export const whenDone = async (client: KilnClient, ids: readonly string[], watching: Watching): Promise<void> => {
  const queue = [...new Set(ids)];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) watching.onDone(await doneRecord(client, id, watching));
  };
  await Promise.all(Array.from({ length: Math.min(POLLS_AT_ONCE, queue.length) }, work));
};

const doneRecord = async (client: KilnClient, id: string, { onState }: Watching): Promise<CandidateRecord> => {
  for (;;) {
    const record = await patiently(() => client.candidate(id, { waitSeconds: WAIT_SECONDS }));
    if (record.state.status === 'done') return record;
    onState?.(record);
  }
};

/** Tries again what may succeed later, such as a daemon that restarts. */
export const patiently = async <T>(call: () => Promise<T>): Promise<T> => {
  for (let retries = 0; ; retries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof KilnError) || !error.retryable || retries >= RETRIES_MAX) throw error;
      await pause(RETRY_MS);
    }
  }
};
