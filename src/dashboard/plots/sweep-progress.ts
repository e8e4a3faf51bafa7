/** The best so far of a sweep over the device time that it took, for the plot that shows a problem's records. Pure. */
import type { SweepResults, SweepView } from '../../domain/api/sweeps.ts';
import type { Progress } from './progress-plot.ts';

/** `results`: in the order in which verdicts came. */
export const sweepProgress = (
  results: SweepResults['results'],
  { submitter, createdAt }: Pick<SweepView, 'submitter' | 'createdAt'>,
): Progress => {
  const steps: Progress['steps'][number][] = [];
  let [gpuMs, best] = [0, 0];
  results.forEach(({ id, speedup, speedupLow, speedupHigh, finishedAt, deviceMs }, index) => {
    gpuMs += deviceMs ?? 0;
    if (speedup === null || speedup <= best || id === null) return;
    best = speedup;
    steps.push({
      candidateId: id,
      submitter,
      at: finishedAt ?? createdAt,
      gpuSeconds: gpuMs / 1000,
      judged: index + 1,
      speedup,
      speedupLow: speedupLow ?? speedup,
      speedupHigh: speedupHigh ?? speedup,
    });
  });
  const lastAt = results.at(-1)?.finishedAt ?? createdAt;
  return { judged: results.length, gpuSeconds: gpuMs / 1000, firstAt: createdAt, lastAt, steps };
};
