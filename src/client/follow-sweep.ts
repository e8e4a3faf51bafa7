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
  readonly patiently: <T>(call: () => Promise<T>) => Promise<T>;
}

const PAGE = 200;
const WAIT_SECONDS = 30;

/** Returns the sweep as it is at its end. */
export async function* followSweep(
  { api, patiently }: Calling,
  request: CreateSweep,
  { onBreak = 'cancel', page = PAGE }: FollowOptions = {},
): AsyncGenerator<SweepResult, SweepView> {
  const { id } = await patiently(async () => api.createSweep(request));
  let after = 0;
  let isThrough = false;
  try {
    while (!isThrough) {
      const { results, more } = await patiently(async () => api.sweepResults(id, { after, limit: page, wait: WAIT_SECONDS }));
      for (const result of results) {
        after = result.told ?? after;
        yield result;
      }
      isThrough = !more;
    }
  } finally {
    if (!isThrough && onBreak === 'cancel') await patiently(async () => cancelUnlessEnded(api, id));
  }
  return patiently(async () => api.sweep(id));
}

/** It may have come to its end by itself meanwhile. */
const cancelUnlessEnded = async (api: KilnClient, id: string): Promise<void> => {
  try {
    await api.cancelSweep(id);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'SWEEP_ENDED') throw error;
  }
};
