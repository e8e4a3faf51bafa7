/** Results of a sweep, one after the other, as fast as they are taken. */
import type { CreateSweep, SweepView } from '../domain/api/sweeps.ts';
import { KilnError } from '../domain/errors.ts';
import type { SweepResult } from '../domain/sweep/sweep.ts';
import type { KilnClient } from './create-client.ts';

export interface FollowOptions {
  /** What becomes of the sweep when the loop is left before its end (default: cancel). */
  readonly onBreak?: 'cancel' | 'keep';
  /** Results on their way at once. */
  readonly page?: number;
}

interface Calling {
  readonly api: KilnClient;
  readonly retry: <T>(call: () => Promise<T>) => Promise<T>;
}

const PAGE = 200;
const WAIT_SECONDS = 30;

/** Returns the sweep as it is at its end. */
export async function* followSweep(
  { api, retry }: Calling,
  request: CreateSweep,
  { onBreak = 'cancel', page = PAGE }: FollowOptions = {},
): AsyncGenerator<SweepResult, SweepView> {
  const { id } = await retry(async () => api.createSweep(request));
  let after = 0;
  let isThrough = false;
  try {
    while (!isThrough) {
      const { results, more } = await retry(async () => api.sweepResults(id, { after, limit: page, wait: WAIT_SECONDS }));
      for (const result of results) {
        after = result.reported ?? after;
        yield result;
      }
      isThrough = !more;
    }
  } finally {
    if (!isThrough && onBreak === 'cancel') await retry(async () => cancelUnlessEnded(api, id));
  }
  return retry(async () => api.sweep(id));
}

/** It may have come to its end by itself meanwhile. */
const cancelUnlessEnded = async (api: KilnClient, id: string): Promise<void> => {
  try {
    await api.cancelSweep(id);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'SWEEP_ENDED') throw error;
  }
};
