import { describe, expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import { implausibleOutcome, mustConfirm, scoreOf, settle } from '../../../src/domain/score.ts';

const statistics = (medianNs: number) => ({
  runs: 100,
  batch: 1,
  medianNs,
  trimmedMeanNs: medianNs,
  minNs: medianNs,
  p95Ns: medianNs,
  ciLowNs: medianNs,
  ciHighNs: medianNs,
});
const timing = (name: string, medianNs: number, speedup: number, record?: CaseTiming['record']): CaseTiming => ({
  case: name,
  candidate: statistics(medianNs),
  baseline: statistics(medianNs * speedup),
  method: 'paired',
  speedup,
  speedupLow: speedup * 0.99,
  speedupHigh: speedup * 1.01,
  ...(record ? { record } : {}),
});
const floors = { a: { hardFloorNs: 900, floorNs: 1000 }, b: { hardFloorNs: 1800, floorNs: 2000 } };
const holderId = CandidateId.parse(`c-${'1'.repeat(32)}`);
const scored = (speedup: number) => scoreOf([timing('a', 2000, speedup), timing('b', 4000, speedup)], floors, 'GPU');
const holder = { candidateId: holderId, score: scored(2) };
const pair = (ratio: number, spread = 0.002) => ({ ratio, ratioLow: ratio - spread, ratioHigh: ratio + spread });
const paired = (speedup: number, ratio: number) => [
  timing('a', 2000, speedup, pair(ratio)),
  timing('b', 4000, speedup, pair(ratio)),
];

describe('scoring', () => {
  test('a score is the geometric mean over cases of speed-up, time and share of the floor', () => {
    const score = scoreOf([timing('a', 2000, 2), timing('b', 4000, 8)], floors, 'GPU');
    expect(score.speedup).toBeCloseTo(4);
    expect(score.timeNs).toBeCloseTo(Math.sqrt(2000 * 4000));
    expect(score.floorShare).toBeCloseTo(0.5);
  });

  test('one case below its hard floor makes the whole candidate implausible, however slow the others are', () => {
    expect(implausibleOutcome([timing('a', 5000, 1), timing('b', 1799, 1)], floors)).toMatchObject({
      verdict: 'implausible',
      case: 'b',
    });
    expect(implausibleOutcome([timing('a', 900, 1), timing('b', 1800, 1)], floors)).toBeNull();
  });

  test('no floor is tested where the device has no known peaks', () => {
    expect(implausibleOutcome([timing('a', 1, 1)], { a: { hardFloorNs: null, floorNs: null } })).toBeNull();
    expect(scoreOf([timing('a', 1, 1)], {}, 'CPU').floorShare).toBeNull();
  });

  test('a screening within half a percent of the record must be confirmed, one further below must not', () => {
    expect(mustConfirm(scored(1.992), holder)).toBe(true);
    expect(mustConfirm(scored(1.988), holder)).toBe(false);
    expect(mustConfirm(scored(0.1), null)).toBe(true);
  });

  test('a candidate whose pair is won outside its interval takes the record and stands above the holder', () => {
    const result = settle(scored(1.99), paired(1.99, 1.01), holder);
    expect(result.record).toBe(true);
    expect(result.score.rankKey).toBeGreaterThan(holder.score.rankKey);
  });

  test('a candidate whose pair is not won stands below the holder, though its own speed-up was higher', () => {
    for (const ratio of [0.99, 1.001]) {
      const result = settle(scored(2.05), paired(2.05, ratio), holder);
      expect(result.record).toBe(false);
      expect(result.score.rankKey).toBeLessThan(holder.score.rankKey);
    }
  });

  test('without a pair for every case the holder keeps its place', () => {
    expect(settle(scored(3), [timing('a', 2000, 3, pair(1.5)), timing('b', 4000, 3)], holder).record).toBe(false);
  });

  test('the first candidate of a problem takes the record', () => {
    const first = settle(scored(0.5), paired(0.5, 1), null);
    expect(first.record).toBe(true);
    expect(first.score.rankKey).toBeCloseTo(0.5);
  });
});
