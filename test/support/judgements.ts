/** What judges and compilers say in tests of the problem `scale` (test/fixtures/problems), on an H100. */
import type { Answers, CaseTiming } from '../../src/domain/measurement.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { InfraFailure } from '../../src/domain/infra-failure.ts';

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

/** A program, by its answers: each of its times may be so much longer or shorter. */
export const answered = (
  speedup: number,
  { ratio, semantics = 'released' }: { readonly ratio?: number; readonly semantics?: Answers['semantics'] } = {},
): Extract<Outcome, { verdict: 'passed' }> => {
  const outcome = passed(speedup, ratio);
  const answers = { semantics, uncertaintyNs: UNCERTAINTY_NS, nullNs: 295_000 };
  return { ...outcome, timings: outcome.timings.map((timing) => ({ ...timing, inputs: 'fresh', answers })) };
};
const UNCERTAINTY_NS = 8_400;

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
/** What a recording of a right program may come to. */
export const WRONG_ON_FRESH_INPUTS: Outcome = {
  verdict: 'wrong_answer',
  case: 'odd',
  stage: 'check',
  mismatch: { tensor: 'y', index: 3, expected: '1.5', actual: '2.5', mismatches: 7, elements: 1003, relativeL2: '0.1' },
};
export const infra = (code: InfraFailure['code']): InfraFailure => ({ code, message: 'no luck' });
