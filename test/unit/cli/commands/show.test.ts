import { describe, expect, test } from 'vitest';
import { measuredText } from '../../../../src/cli/commands/show.ts';

describe('how a case was measured', () => {
  const statistics = {
    runs: 40,
    batch: 1,
    medianNs: 61_000,
    trimmedMeanNs: 62_000,
    minNs: 60_000,
    p95Ns: 71_000,
    ciLowNs: 60_900,
    ciHighNs: 61_100,
  };
  const timing = {
    case: 'a',
    candidate: statistics,
    baseline: statistics,
    method: 'paired' as const,
    speedup: 1,
    speedupLow: 1,
    speedupHigh: 1,
  };

  test('says new inputs, contradictions and two humps where there are any, and nothing else otherwise', () => {
    expect(measuredText(timing)).toBe('paired');
    expect(measuredText({ ...timing, inputs: 'sampled' })).toBe('paired');
    const humps = { lowNs: 61_000, highNs: 70_000, lowShare: 0.75 };
    expect(measuredText({ ...timing, inputs: 'fresh', unsteady: true, candidate: { ...statistics, humps } })).toBe(
      'paired, fresh inputs; speed-up and times contradict each other; two humps: 61.0 µs in 75 % of the runs, else 70.0 µs',
    );
  });

  test('names the kernels of a recording that most of the time goes to, with their libraries, in words that fit a line', () => {
    const recorded = [
      { kernel: `nvjet_${'x'.repeat(60)}`, library: 'cublas', share: 0.7 },
      { kernel: 'scale', library: null, share: 0.2 },
      { kernel: 'copies and fills', library: null, share: 0.06 },
      { kernel: 'rest', library: null, share: 0.04 },
    ];
    expect(measuredText({ ...timing, recorded })).toBe(
      `paired; 70 % nvjet_${'x'.repeat(34)}… (cublas); 20 % scale; 6.0 % copies and fills`,
    );
  });

  test('says of a program that its time is that to its answers, how it was called, and what was taken off', () => {
    const answers = { semantics: 'call', uncertaintyNs: 8_400, nullNs: 295_000 } as const;
    expect(measuredText({ ...timing, inputs: 'fresh', answers })).toBe(
      'paired, fresh inputs; time to answers, call, 295 µs taken off',
    );
  });
});
