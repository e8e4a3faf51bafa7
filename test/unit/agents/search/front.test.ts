import { describe, expect, test } from 'vitest';
import { createFront, type Measured } from '../../../../src/agents/search/front.ts';
import { randomFrom } from '../../../../src/platform/random.ts';
import { score } from '../../../support/builders.ts';
import { idOf } from '../../../support/agents/entries.ts';

const [LOW, HIGH] = [0.98, 1.02];
const measured = (number: number, speedup: number, change: Partial<Measured> = {}): Measured => ({
  candidateId: idOf(number),
  score: { ...score(speedup), speedupLow: speedup * LOW, speedupHigh: speedup * HIGH },
  isRecord: false,
  ...change,
});

const paired = (result: 'won' | 'tied') => {
  const pair = { against: idOf(1), ratio: 1.01, ratioLow: 1.005, ratioHigh: 1.015, result };
  return { isRecord: true, score: { ...score(2.02), speedupLow: 1.99, speedupHigh: 2.05, pair } };
};

describe('the front of a campaign', () => {
  test('is gone beyond where the intervals do not meet, by the ratio of the speed-ups', () => {
    const front = createFront();
    front.restore(measured(1, 2));
    expect(front.judge(measured(2, 2.04))).toBeNull();
    expect(front.judge(measured(3, 2.2))).toBeCloseTo(1.1, 9);
    expect(front.judge(measured(4, 2.2))).toBeNull();
  });

  test('is not gone beyond by a thousand copies of its best, however lucky one of them ran', () => {
    const front = createFront();
    front.restore(measured(1, 2));
    const random = randomFrom(5);
    // Four deviations of what the interval says.
    const runs = Array.from({ length: 1000 }, (_, index) => measured(index + 2, 2 * (1 + 0.04 * (2 * random() - 1) * 0.98)));
    expect(runs.filter((run) => front.judge(run) !== null)).toEqual([]);
  });

  test('is gone beyond by who won the record in pairs, though the intervals meet, and not by who tied', () => {
    const front = createFront();
    front.restore(measured(1, 2));
    expect(front.judge(measured(2, 2.02, paired('tied')))).toBeNull();
    expect(front.judge(measured(3, 2.02, paired('won')))).toBeCloseTo(1.01, 9);
  });

  test('takes no estimate and no other device model, and is where it was once a verdict is taken back', () => {
    const front = createFront();
    front.restore(measured(1, 2));
    const stopped = { ...score(9), stopped: { speedupMost: 9, timeLeastNs: 1, runs: 3, case: null } };
    expect(front.judge(measured(2, 9, { score: stopped as never }))).toBeNull();
    expect(front.judge(measured(3, 1.5, { score: score(1.5, 'another model') }))).toBe(1);
    expect(front.judge(measured(4, 3))).toBeCloseTo(1.5, 9);
    front.forget(idOf(4));
    expect(front.judge(measured(5, 2.5))).toBeCloseTo(1.25, 9);
  });
});
