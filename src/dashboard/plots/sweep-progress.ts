/** The best so far of a sweep over the device time that it took, for the plot that shows a problem's records. Pure. */
import type { SweepResults, SweepView } from '../../domain/api/sweeps.ts';
import type { ProgressView } from '../../domain/api/problems.ts';

type Model = ProgressView['models'][number];

/** `results`: in the order in which verdicts came. */
export const sweepProgress = (
  results: SweepResults['results'],
  { device, submitter, createdAt }: Pick<SweepView, 'device' | 'submitter' | 'createdAt'>,
): Model => {
  const steps: Model['steps'] = [];
  let [gpuMs, best] = [0, 0];
  results.forEach(({ id, speedup, speedupLow, speedupHigh, finishedAt, deviceMs }, index) => {
    gpuMs += deviceMs ?? 0;
    if (speedup === null || speedup <= best || id === null) return;
    best = speedup;
    steps.push({
      candidateId: id,
      submitter,
      language: 'cuda',
      at: finishedAt ?? createdAt,
      gpuSeconds: gpuMs / 1000,
      judged: index + 1,
      speedup,
      speedupLow: speedupLow ?? speedup,
      speedupHigh: speedupHigh ?? speedup,
    });
  });
  const lastAt = results.at(-1)?.finishedAt ?? createdAt;
  return { deviceModel: device, device, judged: results.length, gpuSeconds: gpuMs / 1000, firstAt: createdAt, lastAt, steps };
};
