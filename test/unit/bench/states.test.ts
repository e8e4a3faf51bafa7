import { describe, expect, test } from 'vitest';
import { apart } from '../../../bench/gpu/states/placements.ts';
import { steadinessOf, statesReport } from '../../../bench/gpu/states/report.ts';
import type { Case } from '../../../bench/gpu/states/measure.ts';
import type { CaseTiming, TimingStatistics } from '../../../src/domain/measurement.ts';
import { Inventory } from '../../../src/domain/protocol.ts';

const statistics = (ns: number): TimingStatistics => ({
  runs: 20,
  batch: 1,
  medianNs: ns,
  trimmedMeanNs: ns,
  minNs: ns,
  p95Ns: ns,
  ciLowNs: ns,
  ciHighNs: ns,
});

const timing = (medianNs: number, speedup: number, method: CaseTiming['method'] = 'cached'): CaseTiming => ({
  case: 'c',
  candidate: statistics(medianNs),
  baseline: statistics(medianNs * speedup),
  method,
  speedup,
  speedupLow: speedup,
  speedupHigh: speedup,
});

const timings: Case['timings'] = {
  'in turn': [timing(1000, 2), timing(1000, 2, 'paired')],
  'after pauses': [timing(900, 2.01), timing(900, 2.01, 'paired')],
  alone: [timing(1080, 2), timing(1080, 2)],
};

describe('what the state of a device moves', () => {
  test('is the largest difference of two states, apart for times and speed-ups', () => {
    const found = steadinessOf({ timings });
    expect(found.timeMoves).toBeCloseTo(0.2, 10);
    expect(found.speedupMoves).toBeCloseTo(0.005, 10);
    expect(found.variation).toBeLessThan(0.004);
    expect(found.variationRemembered).toBeGreaterThan(0.07);
    expect(found.methods).toEqual({ paired: 2, cached: 4 });
  });

  test('is reported with its worst cases and the baselines against themselves', () => {
    const inventory = Inventory.partial().parse({ driver: '1.0' }) as Inventory;
    const cases: readonly Case[] = [
      { kernel: 'other', case: 'c', isBaseline: false, timings },
      {
        kernel: 'own',
        case: 'c',
        isBaseline: true,
        timings: { 'in turn': [timing(10, 1.002)], 'after pauses': [timing(10, 1)], alone: [timing(10, 1)] },
      },
    ];
    const text = statesReport({ inventory, gpus: [], isSimulated: false }, '2026-01-01', { cases, repeats: 2 });
    expect(text).toContain('times move by up to 20.00 %, speed-ups by up to 0.50 %');
    expect(text).toContain('Baselines against themselves: 1.0020 to 1.0020');
    expect(text).toContain('| other | c | 1.00 | 20.00 % | 2.000 | 0.50 % |');
  });
});

describe('how far judge processes are apart', () => {
  test('tells what judgements within one differ by from what whole processes do', () => {
    const { within, between } = apart([
      [100, 101],
      [110, 111],
      [120, 121],
    ]);
    expect(within).toBeCloseTo(0.0065, 3);
    expect(between).toBeCloseTo(0.0907, 3);
  });

  test('is nothing beyond what judgements differ by anyway', () => {
    expect(
      apart([
        [1, 1.1],
        [1.1, 1],
      ]),
    ).toMatchObject({ between: 0 });
  });
});
