import { describe, expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { CaseTiming } from '../../../../src/domain/measurement.ts';
import { placed } from '../../../../src/domain/ranking/places.ts';
import { basisText } from '../../../../src/domain/text/describe.ts';
import { implausibleOutcome, mustConfirm, scoreOf, rankAgainstHolder } from '../../../../src/domain/ranking/score.ts';

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
const GPU = { deviceModel: 'GPU', variance: 0.002 ** 2 };
const spreads = { screened: 0.002 ** 2, confirmed: 0.002 ** 2, paired: 0.0006 ** 2 };
const own = CandidateId.parse(`c-${'2'.repeat(32)}`);
const holderId = CandidateId.parse(`c-${'1'.repeat(32)}`);
const scored = (speedup: number) => scoreOf([timing('a', 2000, speedup), timing('b', 4000, speedup)], floors, GPU);
const holder = { candidateId: holderId, score: scored(2) };
const pair = (ratio: number, spread = 0.002) => ({ ratio, ratioLow: ratio - spread, ratioHigh: ratio + spread });
const paired = (speedup: number, ratio: number) => [
  timing('a', 2000, speedup, pair(ratio)),
  timing('b', 4000, speedup, pair(ratio)),
];

const inLibraries = (share: number): CaseTiming['recorded'] => [
  { kernel: 'nvjet', library: 'cublas', share },
  { kernel: 'scale', library: null, share: 1 - share },
];

describe('scoring', () => {
  test('a recording says how much of its time goes to libraries, in the mean over its cases', () => {
    const timings = [timing('a', 2000, 2), timing('b', 4000, 2)];
    const recorded = timings.map((one, at) => ({ ...one, recorded: inLibraries(at === 0 ? 1 : 0.5) }));
    expect(scoreOf(recorded, floors, GPU).recorded).toEqual({ libraryShare: 0.75 });
    expect(basisText(scoreOf(recorded, floors, GPU))).toBe('paired, recorded (75 % in libraries)');
    expect(scoreOf(timings, floors, GPU).recorded).toBeUndefined();
  });

  test('a score is the geometric mean over cases of speed-up, time and share of the floor', () => {
    const score = scoreOf([timing('a', 2000, 2), timing('b', 4000, 8)], floors, GPU);
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

  test('the floor is held against everything that enters the score: the time that the speed-up implies, and a tenth of the runs', () => {
    const bought = { ...timing('a', 1000, 1), speedup: 13 };
    expect(implausibleOutcome([bought], floors)).toMatchObject({ verdict: 'implausible', case: 'a', medianNs: 1000 / 13 });
    const someFast = { ...timing('a', 1000, 1), candidate: { ...statistics(1000), p10Ns: 800 } };
    expect(implausibleOutcome([someFast], floors)).toMatchObject({ verdict: 'implausible', case: 'a', medianNs: 800 });
    expect(implausibleOutcome([{ ...someFast, candidate: { ...statistics(1000), p10Ns: 950, minNs: 10 } }], floors)).toBeNull();
  });

  test('no floor is tested where the device has no known peaks', () => {
    expect(implausibleOutcome([timing('a', 1, 1)], { a: { hardFloorNs: null, floorNs: null } })).toBeNull();
    expect(scoreOf([timing('a', 1, 1)], {}, { ...GPU, deviceModel: 'CPU' }).floorShare).toBeNull();
  });

  test('a screening whose interval reaches the record must be confirmed, one that does not must not', () => {
    const half = scored(2).speedupHigh / 2;
    expect(mustConfirm(scored(2 / half + 0.001), holder)).toBe(true);
    expect(mustConfirm(scored(2 / half - 0.001), holder)).toBe(false);
    expect(mustConfirm(scored(0.1), null)).toBe(true);
  });

  test('a screening that is faster in absolute time is confirmed, however its speed-up came out', () => {
    expect(mustConfirm({ ...scored(1.5), timeNs: holder.score.timeNs * 0.9 }, holder)).toBe(true);
    expect(mustConfirm({ ...scored(1.5), timeNs: holder.score.timeNs }, holder)).toBe(false);
  });

  test('a candidate whose speed-up its own times contradict takes no record and refines nobody, holder or not', () => {
    const unsteady = paired(1.99, 1.01).map((one) => ({ ...one, unsteady: true as const }));
    expect(rankAgainstHolder(scored(1.99), unsteady, { candidateId: own, holder: null, spreads })).toMatchObject({
      record: false,
      holder: null,
      score: { confirmed: false },
    });
    const result = rankAgainstHolder(scored(1.99), unsteady, { candidateId: own, holder, spreads });
    expect(result).toMatchObject({ record: false, holder: null, score: { confirmed: false } });
    expect(result.score.rankKey).toBeLessThan(holder.score.rankKey);
  });

  test('a candidate whose pair is won outside its interval takes the record with the speed-up that it measured', () => {
    const result = rankAgainstHolder(scored(1.99), paired(1.99, 1.01), { candidateId: own, holder, spreads });
    expect(result).toMatchObject({ record: true, score: { pair: { against: holderId, result: 'won' } } });
    expect(result.score.rankKey).toBeCloseTo(1.99, 12);
    expect(result.score.speedup).toBeCloseTo(1.99, 12);
    expect(result.holder?.score).toMatchObject({ pair: { against: own, result: 'lost' } });
    expect(result.holder?.score.rankKey).toBeLessThan(result.score.rankKey);
  });

  test('a candidate whose pair is not won stands below the holder, though its own speed-up was higher', () => {
    for (const [ratio, outcome] of [
      [0.99, 'lost'],
      [1.001, 'tied'],
      [1.0025, 'tied'],
    ] as const) {
      const result = rankAgainstHolder(scored(2.05), paired(2.05, ratio), { candidateId: own, holder, spreads });
      expect(result).toMatchObject({ record: false, score: { pair: { result: outcome } } });
      expect(result.score.rankKey).toBeLessThan(result.holder?.score.rankKey ?? 0);
      expect(result.score.speedup).toBeCloseTo(2.05, 12);
    }
  });

  test('every pair measures the holder again and makes its interval narrower', () => {
    const result = rankAgainstHolder(scored(1.9), paired(1.9, 0.96), { candidateId: own, holder, spreads });
    const again = result.holder?.score;
    expect(again?.judgements).toBe(2);
    expect(again?.speedup).toBeLessThan(2);
    expect(again?.speedup).toBeGreaterThan(1.9 / 0.96);
    expect((again?.speedupHigh ?? 9) / (again?.speedupLow ?? 1)).toBeLessThan(holder.score.speedupHigh / holder.score.speedupLow);
  });

  test('without a pair for every case the holder keeps its place', () => {
    expect(
      rankAgainstHolder(scored(3), [timing('a', 2000, 3, pair(1.5)), timing('b', 4000, 3)], { candidateId: own, holder, spreads })
        .record,
    ).toBe(false);
  });

  test('the first candidate of a problem takes the record', () => {
    const first = rankAgainstHolder(scored(0.5), paired(0.5, 1), { candidateId: own, holder: null, spreads });
    expect(first.record).toBe(true);
    expect(first.score.rankKey).toBeCloseTo(0.5);
  });
});

const UNCERTAINTY_NS = 8_400;
const answered = (medianNs: number, speedup: number, record?: CaseTiming['record']): CaseTiming => ({
  ...timing('a', medianNs, speedup, record),
  answers: { semantics: 'released', uncertaintyNs: UNCERTAINTY_NS, nullNs: 295_000 },
});
const scoredByAnswers = (medianNs: number, speedup: number) => scoreOf([answered(medianNs, speedup)], {}, GPU);

describe('a time to answers', () => {
  test('leaves so much open in the speed-up as in the time, to both sides, in every case', () => {
    const score = scoredByAnswers(84_000, 2);
    // A tenth of the time: it may be 75.6 or 92.4 us.
    expect(score.answers).toMatchObject({ semantics: 'released', uncertaintyNs: UNCERTAINTY_NS });
    expect(score.speedupLow).toBeLessThan((2 * 84_000) / 92_400);
    expect(score.speedupHigh).toBeGreaterThan((2 * 84_000) / 92_400);
    expect(score.speedupHigh).toBeGreaterThan(2 * 1.1);
    const cases = ['a', 'b', 'c', 'd'].map((name) => ({ ...answered(84_000, 2), case: name }));
    // However many cases there are: what is open is open in all of them to the same side.
    expect(scoreOf(cases, {}, GPU).answers?.share).toBeCloseTo(score.answers?.share ?? 0, 9);
  });

  test('is `call` where it is so in one case, and too short to be ranked where one is below 20 us', () => {
    const call = { ...answered(300_000, 2), answers: { semantics: 'call', uncertaintyNs: 9_000, nullNs: 1 } } as const;
    expect(scoreOf([answered(300_000, 2), { ...call, case: 'b' }], {}, GPU).answers).toMatchObject({
      semantics: 'call',
      uncertaintyNs: 9_000,
    });
    expect(scoredByAnswers(20_000, 2).answers).not.toHaveProperty('tooShort');
    expect(scoredByAnswers(19_999, 2).answers).toHaveProperty('tooShort', true);
    expect(scoredByAnswers(100, 2).speedupHigh).toBeLessThan(Infinity);
  });

  test('is implausible only where it is too short even with all that it leaves open', () => {
    const floor = { a: { hardFloorNs: 50_000, floorNs: 50_000 } };
    expect(implausibleOutcome([answered(50_000 - UNCERTAINTY_NS, 2)], floor)).toBeNull();
    expect(implausibleOutcome([answered(50_000 - UNCERTAINTY_NS - 1, 2)], floor)).toMatchObject({ verdict: 'implausible' });
  });

  test('leaves no less open however often the holder is measured again', () => {
    const measured = { candidateId: holderId, score: scoredByAnswers(84_000, 2) };
    let known = measured;
    for (let time = 0; time < 50; time += 1) {
      const timings = [answered(84_000, 2, pair(1))];
      const again = rankAgainstHolder(scoredByAnswers(84_000, 2), timings, { candidateId: own, holder: known, spreads });
      known = { candidateId: holderId, score: again.holder?.score ?? known.score };
    }
    expect(known.score.judgements).toBe(51);
    expect(known.score.speedup).toBeCloseTo(2, 6);
    expect(known.score.speedupHigh).toBeLessThan(measured.score.speedupHigh);
    expect(known.score.speedupHigh).toBeGreaterThan(2 * 1.1);
    // All else is known fifty times as well.
    expect(known.score.speedupHigh).toBeLessThan(2 * Math.exp(Math.atanh(0.1)) * 1.002);
    expect(known.score.speedupLow).toBeLessThan((2 * 84_000) / 92_400);
  });

  test('wins a pair where the difference is beyond what both leave open, and no sooner', () => {
    const known = { candidateId: holderId, score: scoredByAnswers(84_000, 2) };
    const met = (ratio: number) =>
      rankAgainstHolder(scoredByAnswers(84_000 / ratio, 2 * ratio), [answered(84_000 / ratio, 2 * ratio, pair(ratio))], {
        candidateId: own,
        holder: known,
        spreads,
      });
    expect(met(1.2)).toMatchObject({ record: false, score: { pair: { result: 'tied' } } });
    expect(met(0.85)).toMatchObject({ record: false, score: { pair: { result: 'tied' } } });
    expect(met(1.3)).toMatchObject({ record: true, score: { pair: { result: 'won' } } });
    expect(met(0.75)).toMatchObject({ record: false, score: { pair: { result: 'lost' } } });
    expect(met(1.3).score.pair?.ratioLow).toBeLessThan(1.3 / 1.22);
  });

  test('shares a place with what it cannot be told from', () => {
    const entries = [84_000, 90_000, 120_000].map((ns, at) => ({
      candidateId: CandidateId.parse(`c-${String(at).repeat(32)}`),
      score: scoredByAnswers(ns, 168_000 / ns),
      record: false,
    }));
    expect(placed(entries).map(({ place }) => place)).toEqual([1, 1, 3]);
  });
});
