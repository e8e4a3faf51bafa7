import type { KilnClient } from '../client/create-client.ts';
import { RESULTS_MAX, type SweepResults } from '../domain/api/sweeps.ts';

/** All that there are now, in the order in which verdicts came. */
export const allResults = async (client: KilnClient, id: string): Promise<SweepResults['results']> => {
  const all: SweepResults['results'] = [];
  for (;;) {
    const { results } = await client.sweepResults(id, { after: all.at(-1)?.reported ?? 0, limit: RESULTS_MAX });
    all.push(...results);
    if (results.length < RESULTS_MAX) return all;
  }
};
