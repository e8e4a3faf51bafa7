import { describe, expect, test } from 'vitest';
import { costOfFaultMs, faultsOf, figuresOf, usualTimesOf } from '../../../bench/gpu/rate/figures.ts';
import type { Judgement } from '../../../bench/gpu/rate/figures.ts';

/** One every 25 ms, 20 of them judging, 18 measuring. */
const steady = (count: number, deviceId: string, idleGapMs: number | null = 1): readonly Judgement[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `${index}`,
    deviceId,
    verdict: 'passed',
    finishedMs: 25 * (index + 1),
    totalMs: 20,
    measureMs: 18,
    checkMs: 1,
    loadMs: 0.5,
    idleGapMs,
  }));

describe('figures of a stream', () => {
  test('rate and shares are those of the steady part', () => {
    const figures = figuresOf(steady(121, 'g0'));
    expect(figures).toMatchObject({ judged: 100, seconds: 2.5, perSecond: 40, idleGapMs: { p50: 1, p99: 1 } });
    expect(
      [figures.measuring, figures.checking, figures.loading, figures.other, figures.idle].map((share) => share.toFixed(3)),
    ).toEqual(['0.720', '0.040', '0.020', '0.020', '0.200']);
  });

  test('a slow start and the tail of the busiest device count for nothing', () => {
    const late = steady(121, 'g0').map((one, index) => (index < 10 ? { ...one, totalMs: 900, measureMs: 800 } : one));
    const tail = { ...late[0], deviceId: 'g0', finishedMs: 90_000 } as Judgement;
    const other = steady(121, 'g1');
    const { perSecond, measuring } = figuresOf([...late, ...other, tail]);
    expect(perSecond).toBeCloseTo(80);
    expect(measuring).toBeCloseTo(0.72);
  });

  test('devices share the wall clock: two are twice as fast and measure the same share', () => {
    const { perSecond, measuring } = figuresOf([...steady(121, 'g0', null), ...steady(121, 'g1', null)]);
    expect([perSecond, measuring].map((value) => value.toFixed(2))).toEqual(['80.00', '0.72']);
  });
});

const usual = (): number => 20;

describe('faults', () => {
  test('cost their report, the way to the next judge and what is new to that one', () => {
    const list = steady(4, 'g0').map((one) => ({ ...one, lostMs: null as number | null }));
    const stream = list.map((one, index) => {
      if (index === 1) return { ...one, verdict: 'crashed', totalMs: 144, lostMs: 3 };
      return index === 2 ? { ...one, totalMs: 50 } : one;
    });
    expect(faultsOf(stream, usual)).toEqual([{ reportMs: 144, lostMs: 3, rewarmMs: 30 }]);
  });

  test('cost, all in all, what their device did not spend on reports and on usual judgements', () => {
    const stream = steady(121, 'g0').map((one, index) => (index % 10 === 9 ? { ...one, verdict: 'crashed', totalMs: 20 } : one));
    expect(costOfFaultMs(stream, usual)).toBeCloseTo(50);
    expect(costOfFaultMs(steady(121, 'g0'), usual)).toBeNull();
  });

  test('are held against what each candidate takes without them, with the way from one to the next', () => {
    const times = usualTimesOf(steady(121, 'g0').map((one, index) => (index === 7 ? { ...one, totalMs: 45 } : one)));
    expect([times('7'), times('8'), times('unknown')]).toEqual([50, 25, 25]);
  });
});
