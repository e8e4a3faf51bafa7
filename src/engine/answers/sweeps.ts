/** Sweeps: one source, many params. The sweep's row is written after its candidates, so that it never names one that does not exist. */
import type { z } from 'zod';
import { BATCH_MAX } from '../../domain/api/candidates.ts';
import type { CreateSweep, SweepCreated, SweepView } from '../../domain/api/sweeps.ts';
import { SweepId, hashOf } from '../../domain/ids.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { AnswersSlice } from '../state.ts';
import { noSweep } from './not-found.ts';
import type { Submitter } from './submit.ts';
import { gridOf, refuseUnknownParams, sweepPoints } from './sweep-points.ts';

const BEST_SHOWN = 10;

export const createSweeps = (state: Pick<AnswersSlice, 'store' | 'problems'>, submitter: Submitter) => ({
  create: async (request: z.output<typeof CreateSweep>): Promise<SweepCreated> => {
    refuseUnknownParams(request);
    const points = sweepPoints({ ...request, grid: gridOf(request) });
    // The same request is the same sweep: sending it twice after a lost answer makes nothing twice.
    const loaded = state.problems.get(request.candidate.problem);
    const problemVersions = loaded?.targets.map((target) => loaded.contentHash(target)) ?? [];
    const id = SweepId.parse(`s-${hashOf({ request, problemVersions }).slice(0, 16)}`);
    const batch = points.map((params) => ({ ...request.candidate, params: { ...request.candidate.params, ...params } }));
    const ids = new Set<CandidateId>();
    for (let from = 0; from < batch.length; from += BATCH_MAX) {
      const { candidates } = await submitter.submit(batch.slice(from, from + BATCH_MAX), id);
      for (const candidate of candidates) ids.add(candidate.id);
    }
    const candidateIds = [...ids];
    await state.store.createSweep({ id, problem: request.candidate.problem, device: request.candidate.device, candidateIds });
    return { id, size: candidateIds.length, candidateIds };
  },
  view: async (id: SweepId): Promise<SweepView> => {
    const sweep = await state.store.sweep(id);
    if (!sweep) throw noSweep(id);
    return { ...sweep, best: [...(await state.store.sweepBest(id, BEST_SHOWN))] };
  },
});
