/** Takes a sweep on as far as it goes now: tells verdicts, asks the strategy, submits. One call at a time for each sweep. */
import type { z } from 'zod';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SweepJudging } from '../../domain/ports/kiln.ts';
import type { SweepStore } from '../../domain/ports/sweeps.ts';
import { endOf, roomOf } from './limits.ts';
import { restore } from './restore.ts';
import { learn, type SweepRun } from './sweep-run.ts';

/** Points of one question and one submission. */
const ASKED_AT_ONCE = 250;
/** Verdicts that are reported in one write. */
const REPORTED_AT_ONCE = 1000;

export interface DriveDeps {
  readonly store: SweepStore;
  readonly judging: Pick<SweepJudging, 'submit'>;
  readonly monotonicMs: () => number;
  /** Devices of its class that take work now. */
  readonly slots: (device: string) => Promise<number>;
  /** A limit is reached and the last verdict is there. */
  readonly finish: (run: SweepRun, reason: string) => Promise<void>;
  /** Verdicts were reported: whoever waits for results looks. */
  readonly onReported: (run: SweepRun) => void;
}

export const drive = async (run: SweepRun, deps: DriveDeps): Promise<void> => {
  // A strategy cannot unlearn: it learns again from the rows.
  if (!run.isRestored || run.takenBack.size > 0) await restore(run, deps.store);
  await submit(run, deps);
  await collect(run, deps);
  while (run.record.status === 'running') {
    const end = endOf(run, deps.monotonicMs());
    if (end !== null) {
      if (run.pending.size === 0) await deps.finish(run, end);
      return;
    }
    if (!(await askMore(run, deps))) return;
    await collect(run, deps);
  }
};

/** False where there is no room now. */
const askMore = async (run: SweepRun, deps: DriveDeps): Promise<boolean> => {
  const room = Math.min(ASKED_AT_ONCE, roomOf(run, await deps.slots(run.record.device)));
  if (room === 0) return false;
  const points = run.strategy.ask(room);
  if (points.length === 0) {
    run.isUsedUp = true;
    return true;
  }
  const asked = points.map((point, index) => ({ number: run.asked + index, point }));
  await deps.store.askSweepPoints(run.record.id, asked).catch((error: unknown) => {
    // The strategy names no point twice, and nobody knows whether these were written: it begins anew from the rows.
    run.isRestored = false;
    throw error;
  });
  run.asked += asked.length;
  run.unsubmitted.push(...asked);
  await submit(run, deps);
  return true;
};

/** The same content is the same candidate: what a killed daemon had submitted is not judged again. */
const submit = async (run: SweepRun, { store, judging }: DriveDeps): Promise<void> => {
  const { id, status } = run.record;
  if (status === 'cancelled') run.unsubmitted = [];
  while (run.unsubmitted.length > 0) {
    const batch = run.unsubmitted.slice(0, ASKED_AT_ONCE);
    const { candidates } = await judging.submit(
      batch.map(({ point }) => candidateAt(run, point)),
      id,
    );
    const linked = batch.flatMap((point, index) => {
      const candidate = candidates[index];
      return candidate ? [{ ...point, candidateId: candidate.id }] : [];
    });
    await store.linkSweepPoints(
      id,
      linked.map(({ number, candidateId }) => ({ number, candidateId })),
    );
    for (const { candidateId, number, point } of linked) {
      run.pending.set(candidateId, { number, point });
      // Its verdict was known, or may have come before anybody waited for it.
      run.arrived.add(candidateId);
    }
    run.unsubmitted.splice(0, batch.length);
  }
};

const candidateAt = ({ candidate, space }: SweepRun, point: number): z.output<typeof SubmitCandidate> => ({
  ...candidate,
  params: { ...candidate.params, ...space.paramsOf(point) },
});

/** What has a verdict by now is written as reported, and the strategy learns it. */
const collect = async (run: SweepRun, { store, onReported }: DriveDeps): Promise<void> => {
  const { id } = run.record;
  while (run.arrived.size > 0) {
    const ids = [...run.arrived].slice(0, REPORTED_AT_ONCE);
    const verdicts = await store.sweepVerdicts(id, ids);
    const reported = verdicts.flatMap((verdict) => {
      const point = run.pending.get(verdict.candidateId);
      return point ? [{ ...verdict, ...point }] : [];
    });
    await store.reportSweepPoints(
      id,
      reported.map(({ number, deviceMs }, index) => ({ number, deviceMs, reported: run.lastReported + index + 1 })),
    );
    run.lastReported += reported.length;
    for (const { candidateId, deviceMs } of reported) {
      run.pending.delete(candidateId);
      run.reportedIds.add(candidateId);
      run.gpuMs += deviceMs;
    }
    for (const one of ids) run.arrived.delete(one);
    learn(run, reported);
    if (reported.length > 0) onReported(run);
  }
};

/** What another try helps with. */
export const isPassing = (error: unknown): error is KilnError => error instanceof KilnError && error.retryable;
