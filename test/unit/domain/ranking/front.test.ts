import { describe, expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import { type Front, type FrontEntry, isInReach, neededOf, raceOf, withEntry } from '../../../../src/domain/ranking/front.ts';

const entry = (digit: string, rankKey: number, more: Partial<FrontEntry> = {}): FrontEntry => ({
  candidateId: CandidateId.parse(`c-${digit.repeat(32)}`),
  rankKey,
  timeNs: 1000 / rankKey,
  caseNs: { a: 500 / rankKey, b: 2000 / rankKey },
  ...more,
});
const frontOf = (...keys: readonly number[]): Front =>
  keys.reduce<Front>((front, key, at) => withEntry(front, entry(String(at), key), 3), []);
const floors = { a: { hardFloorNs: 50, floorNs: 60 }, b: { hardFloorNs: 200, floorNs: 240 } };

describe('the front of a ranking', () => {
  test('is its best, each candidate once, by what it was measured at last', () => {
    const front = withEntry(frontOf(1, 3, 2, 4), entry('1', 0.5), 3);
    expect(front.map(({ rankKey }) => rankKey)).toEqual([4, 2, 0.5]);
  });

  test('asks nothing of anybody before somebody was timed to the end', () => {
    expect(neededOf([], 3)).toBeNull();
    expect(raceOf({ front: [], places: 3, floors, variance: 0 })).toBeNull();
  });

  test('asks for a quarter of its best while it has places left', () => {
    expect(neededOf(frontOf(1, 2), 3)).toEqual({ speedup: 0.5, timeNs: 2000 });
  });

  test('asks for no less where its last is further behind', () => {
    expect(neededOf(frontOf(0.04, 0.7, 4), 3)).toEqual({ speedup: 1, timeNs: 1000 });
  });

  test('asks for the speed-up of its last, or for a time as short as the longest in it', () => {
    const front = withEntry(frontOf(1.5, 2, 4), entry('1', 2, { timeNs: 900 }), 3);
    expect(neededOf(front, 3)).toEqual({ speedup: 1.5, timeNs: 900 });
  });

  test('asks for less by what two judgements of one code may differ by', () => {
    const race = raceOf({ front: frontOf(1, 2, 4), places: 3, floors, variance: 0.01 ** 2 });
    expect(race?.speedup).toBeCloseTo(Math.exp(-0.033));
    expect(race?.timeNs).toBeCloseTo(1000 * Math.exp(0.033));
    expect(race?.leastNs).toEqual({ a: 50, b: 200 });
  });

  test('stands for the floors where none are known, with room for who is faster in a case than anybody was', () => {
    const unknown = { a: { hardFloorNs: null, floorNs: 60 }, b: { hardFloorNs: null, floorNs: null } };
    const race = raceOf({ front: frontOf(1, 2, 4), places: 3, floors: unknown, variance: 0 });
    expect(race?.leastNs).toEqual({ a: 100, b: 400 });
    const unmeasured = { ...unknown, c: { hardFloorNs: null, floorNs: null } };
    expect(raceOf({ front: frontOf(1, 2, 4), places: 3, floors: unmeasured, variance: 0 })).toBeNull();
  });

  test('is within reach of who could have come as far by the speed-up or by the time', () => {
    const needed = { speedup: 2, timeNs: 500 };
    expect(isInReach({ speedupMost: 1.9, timeLeastNs: 510 }, needed)).toBe(false);
    expect(isInReach({ speedupMost: 2, timeLeastNs: 510 }, needed)).toBe(true);
    expect(isInReach({ speedupMost: 1.9, timeLeastNs: 500 }, needed)).toBe(true);
  });
});
