/** One sweep, for those who look. */
import type { SweepView } from '../domain/api/sweeps.ts';
import type { SweepStore } from '../domain/ports/sweeps.ts';
import { plannedPoints, type SweepRow } from '../domain/sweep/sweep.ts';
import { ranMsOf, type SweepRun } from './run/sweep-run.ts';

const BEST_SHOWN = 10;

interface Viewed {
  readonly row: SweepRow;
  readonly run: SweepRun | null;
  readonly nowMs: number;
}

export const viewOf = async (
  store: Pick<SweepStore, 'sweepCounts' | 'sweepBest'>,
  { row, run, nowMs }: Viewed,
): Promise<SweepView> => {
  const { id, problem, device, submitter, createdAt, status, spec } = row;
  const { asked, byStatus, byVerdict, gpuSeconds } = await store.sweepCounts(id);
  return {
    id,
    problem,
    device,
    submitter,
    createdAt,
    status,
    reason: run?.trouble ?? row.reason,
    spec,
    size: spec === null ? asked : Math.max(asked, plannedPoints(spec)),
    asked,
    byStatus,
    byVerdict,
    spent: { gpuSeconds, minutes: (run === null ? row.ranMs : ranMsOf(run, nowMs)) / 60_000 },
    best: [...(await store.sweepBest(id, BEST_SHOWN))],
  };
};
