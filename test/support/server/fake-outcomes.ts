/** Outcomes and scores of candidates that nobody judged. */
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Score } from '../../../src/domain/ranking/ranking.ts';

export const score = (speedup: number): Score => ({
  speedup,
  speedupLow: speedup * 0.98,
  speedupHigh: speedup * 1.02,
  timeNs: 73_000 / speedup,
  floorShare: 0.5,
  deviceModel: 'NVIDIA H100 80GB HBM3',
  rankKey: speedup,
  confirmed: true,
  method: 'paired',
  judgements: 1,
  pair: null,
});

const statistics = (ns: number) => ({
  runs: 100,
  batch: 1,
  medianNs: ns,
  trimmedMeanNs: ns,
  minNs: ns,
  p95Ns: ns,
  ciLowNs: ns * 0.99,
  ciHighNs: ns * 1.01,
});

export const passed = (speedup: number): Outcome => timed({ big: 73_000 / speedup }, 73_000);

/** Nanoseconds of each case, and of the baseline in all of them. */
export const timed = (ns: Readonly<Record<string, number>>, baselineNs = 100_000): Outcome => ({
  verdict: 'passed',
  checkedCases: 2,
  timings: Object.entries(ns).map(([name, own]) => ({
    case: name,
    candidate: statistics(own),
    baseline: statistics(baselineNs),
    method: 'paired',
    speedup: baselineNs / own,
    speedupLow: (baselineNs / own) * 0.98,
    speedupHigh: (baselineNs / own) * 1.02,
  })),
});
