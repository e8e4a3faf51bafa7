/** What judges and compilers say in tests of the problem `scale` (test/fixtures/problems), on an H100. */
import type { CaseTiming } from '../../src/domain/measurement.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { InfraFailure } from '../../src/domain/protocol.ts';

const statistics = (medianNs: number) => ({
  runs: 100,
  batch: 1,
  medianNs,
  trimmedMeanNs: medianNs,
  minNs: medianNs,
  p95Ns: medianNs,
  ciLowNs: medianNs * 0.999,
  ciHighNs: medianNs * 1.001,
});
const BASELINE_NS = 200_000;

const within = (value: number, share: number) => [value * (1 - share), value * (1 + share)] as const;

/** Right, and so many times as fast as the baseline; `ratio`: than the record holder it was paired with. */
export const passed = (speedup: number, ratio?: number): Extract<Outcome, { verdict: 'passed' }> => {
  const [speedupLow, speedupHigh] = within(speedup, 0.002);
  const [ratioLow, ratioHigh] = within(ratio ?? 1, 0.001);
  const timing: CaseTiming = {
    case: '16M',
    candidate: statistics(BASELINE_NS / speedup),
    baseline: statistics(BASELINE_NS),
    method: 'paired',
    speedup,
    speedupLow,
    speedupHigh,
    ...(ratio === undefined ? {} : { record: { ratio, ratioLow, ratioHigh } }),
  };
  return { verdict: 'passed', timings: [timing], checkedCases: 2 };
};

/** Stopped early: it can come to `speedupMost` at best. */
export const stoppedAt = (speedupMost: number): Extract<Outcome, { verdict: 'passed' }> => ({
  ...passed(speedupMost / 2),
  stopped: {
    after: 'runs',
    case: '16M',
    speedupMost,
    timeLeastNs: BASELINE_NS / speedupMost,
    needed: { speedup: 2, timeNs: BASELINE_NS / 2 },
  },
});

export const WRONG: Outcome = { verdict: 'modified_input', case: 'odd', tensor: 'x' };
export const infra = (code: InfraFailure['code']): InfraFailure => ({ code, message: 'no luck' });
