/** A sweep as its rows say it is: after a restart, when it goes on, or when a verdict was taken back. Nothing is asked for or judged twice. */
import type { SweepStore, TrailPoint } from '../../domain/ports/sweeps.ts';
import { createPlateauWatch } from './plateau.ts';
import { learn, strategyOf, type SweepRun } from './sweep-run.ts';

const PAGE = 10_000;

export const restore = async (run: SweepRun, store: Pick<SweepStore, 'sweepTrail'>): Promise<void> => {
  const trail = await trailOf(run, store);
  const { spec } = run.record;
  run.strategy = strategyOf(
    spec,
    run.space,
    trail.map(({ point }) => point),
  );
  run.plateau = createPlateauWatch(spec.plateau);
  run.asked = trail.length;
  run.unsubmitted = trail.flatMap(({ number, point, candidateId }) => (candidateId === null ? [{ number, point }] : []));
  for (const list of [run.pending, run.arrived, run.reportedIds]) list.clear();
  const isReported = ({ reported: order, verdict, candidateId }: TrailPoint): boolean =>
    order !== null && verdict !== null && (candidateId === null || !run.takenBack.has(candidateId));
  const reported = trail.filter(isReported);
  for (const { candidateId, number, point } of trail.filter((one) => !isReported(one))) {
    if (candidateId === null) continue;
    run.pending.set(candidateId, { number, point });
    // Its verdict may have come while nobody looked.
    run.arrived.add(candidateId);
  }
  for (const { candidateId } of reported) if (candidateId !== null) run.reportedIds.add(candidateId);
  // A verdict that comes again is reported again, under a new number: whoever follows the results sees it.
  run.lastReported = trail.reduce((last, { reported: order }) => Math.max(last, order ?? 0), 0);
  run.gpuMs = trail.reduce((sum, { deviceMs }) => sum + (deviceMs ?? 0), 0);
  run.takenBack.clear();
  run.refusedInRow = 0;
  run.isUsedUp = false;
  learn(run, reported.toSorted((a, b) => (a.reported ?? 0) - (b.reported ?? 0)).map(verdictOf));
  run.isRestored = true;
};

const verdictOf = ({ point, verdict, speedup }: TrailPoint) => ({ point, verdict: verdict ?? 'cancelled', speedup });

const trailOf = async ({ record }: SweepRun, store: Pick<SweepStore, 'sweepTrail'>): Promise<readonly TrailPoint[]> => {
  const trail: TrailPoint[] = [];
  for (;;) {
    const page = await store.sweepTrail(record.id, { after: trail.at(-1)?.number ?? -1, limit: PAGE });
    trail.push(...page);
    if (page.length < PAGE) return trail;
  }
};
