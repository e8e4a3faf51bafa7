import { describe, expect, test } from 'vitest';
import { compare } from '../../../bench/gpu/several/agreement.ts';
import type { Scores } from '../../../bench/gpu/several/agreement.ts';
import { isolationText, placementText, scalingReport } from '../../../bench/gpu/several/report.ts';
import type { IsolationPhase } from '../../../bench/gpu/several/isolation.ts';
import { Inventory } from '../../../src/domain/protocol.ts';

const scores = (speedups: readonly number[], slower = 1): Scores =>
  new Map(
    speedups.map((speedup, index) => [
      `c-${index}`,
      {
        speedup,
        speedupLow: speedup * 0.99,
        speedupHigh: speedup * 1.01,
        timeNs: (1000 / speedup) * slower,
        floorShare: null,
        deviceModel: 'GPU',
        rankKey: speedup,
        confirmed: false,
        method: 'paired',
        judgements: 1,
        pair: null,
      },
    ]),
  );

const phase = (neighbour: IsolationPhase['neighbour'], perSecond: number, unexpected = 0): IsolationPhase => ({
  neighbour,
  perSecond,
  measuring: 0.9,
  faults: 0,
  faultsPerSecond: 0,
  lostMs: null,
  unexpected,
});

describe('two rankings of the same candidates', () => {
  test('agree where the order is the same, whatever the clocks of the two GPUs', () => {
    const { speedups, timeRatio, candidates } = compare({ first: 0, second: 1 }, scores([1, 1.5, 2]), scores([1, 1.5, 2], 1.02));
    expect([candidates, speedups.tau, speedups.tauApart, timeRatio.median.toFixed(3)]).toEqual([3, 1, 1, '1.020']);
  });

  test('differ by chance only where intervals overlap', () => {
    const { speedups } = compare({ first: 0, second: 1 }, scores([1, 1.005, 2]), scores([1.005, 1, 2]));
    expect(speedups).toMatchObject({ tauApart: 1, pairsApart: 2, pairs: 3 });
    expect(speedups.tau).toBeCloseTo(1 / 3);
  });

  test('are refused when hardly a candidate passed on both', () => {
    expect(() => compare({ first: 0, second: 1 }, scores([1]), scores([1]))).toThrow('only 1 candidates passed on both');
  });
});

describe('the report of several GPUs', () => {
  test('sets the rates beside a faulting neighbour against those without, and tells of wrong verdicts', () => {
    const text = isolationText([phase('none', 40), phase('faulting', 39), phase('faulting', 39, 2), phase('none', 40)], false);
    expect(text).toContain('GPU 0 keeps 97.5 % of its rate');
    expect(text).toContain('UNEXPECTED: 2 verdicts');
  });

  test('names the median that moves most, either way', () => {
    const row = { problem: 'p', case: 'c', quietNs: 1000, loadedNs: 1000, speedupMoved: 0.0005, drift: 0 };
    const load = { compiled: 10, judged: 1, seconds: 2 };
    const moved = [0.001, -0.004, 0.002].map((by) => ({ ...row, moved: by }));
    expect(placementText({ moved, repeats: 3, rounds: 2, load, compileSlots: 4, hasNeighbour: true })).toContain(
      'The most that a median moves: -0.40 %, a speed-up: +0.05 %.',
    );
  });

  test('keeps the tables of the sections that came to their end beside one that failed', () => {
    const inventory = Inventory.partial().parse({
      driver: null,
      nvrtc: null,
      nvcc: null,
      cores: 16,
      compileSlots: 12,
    }) as Inventory;
    const host = { inventory, gpus: [], isSimulated: false };
    const text = scalingReport(host, '2026-01-01', [
      { title: '1. One', result: { failed: 'the runner was lost' }, seconds: 1 },
      { title: '2. Two', result: { text: '| a table |' }, seconds: 2 },
    ]);
    expect(text).toMatch(/## 1\. One\n\nFAILED: the runner was lost[^]*## 2\. Two\n\n\| a table \|/);
  });
});
