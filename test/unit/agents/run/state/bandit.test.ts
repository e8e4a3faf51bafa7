import { describe, expect, test } from 'vitest';
import { type Arm, drawArm, drawTargets } from '../../../../../src/agents/run/state/bandit.ts';
import { createEarnings, type Earnings } from '../../../../../src/agents/run/state/earnings.ts';
import type { Budget, Generation } from '../../../../../src/domain/campaign/campaign.ts';
import { asked, generation, judged, withCost } from '../../../../support/agents/generations.ts';

const DRAWS = 400;
const USD: Budget = { usd: 10 };
const arm = (generatorName: string, move: Arm['move'], share = 1): Arm => ({ generator: generatorName, move, share });

/** Of one generator and move: how many were judged, every how many went beyond the front, and what each cost. */
const earnedBy = (
  earnings: Earnings,
  wish: Partial<Generation>,
  {
    count,
    every,
    micros,
    gain = 1.05,
    from,
    deviceMs = 100,
  }: {
    readonly count: number;
    readonly every: number;
    readonly micros: number;
    readonly gain?: number;
    readonly from: number;
    readonly deviceMs?: number;
  },
): void => {
  for (let index = 0; index < count; index += 1) {
    const row = judged(from + index, 1.5, wish);
    const timed = row.state.status === 'judged' ? { ...row.state, deviceMs } : row.state;
    const state = index % every === 0 && timed.status === 'judged' ? { ...timed, gain } : timed;
    earnings.count(withCost(row, state, micros), 1);
  }
};

const sharesOf = (arms: readonly Arm[], earnings: Earnings, budget: Budget = USD): number[] => {
  const drawn = Array.from({ length: DRAWS }, (_, number) => drawArm(arms, { earnings, budget, seed: 3, number }));
  return arms.map((one) => drawn.filter((other) => other === one).length / DRAWS);
};

describe('a bandit over generators and moves', () => {
  test('asks where a dollar brought most, and goes on asking the others now and then', () => {
    const earnings = createEarnings();
    const arms = [arm('dear', 'improve'), arm('cheap', 'improve')];
    earnedBy(earnings, { generator: 'dear' }, { count: 40, every: 4, micros: 100_000, from: 1 });
    earnedBy(earnings, { generator: 'cheap' }, { count: 40, every: 8, micros: 10_000, from: 100 });
    const [dear = 0, cheap = 0] = sharesOf(arms, earnings);
    expect(cheap).toBeGreaterThan(0.8);
    expect(dear).toBeGreaterThan(0.02);
  });

  test('goes by candidates where answers are free', () => {
    const earnings = createEarnings();
    const arms = [arm('scripted', 'improve'), arm('scripted', 'new')];
    earnedBy(earnings, { move: 'improve' }, { count: 40, every: 4, micros: 0, from: 1 });
    earnedBy(earnings, { move: 'new' }, { count: 40, every: 40, micros: 0, from: 100 });
    expect(sharesOf(arms, earnings, { candidates: 100 })[0]).toBeGreaterThan(0.8);
    expect(sharesOf(arms, earnings, { minutes: 5 })[0]).toBeGreaterThan(0.8);
  });

  test('counts how much an improvement gained, not only how often there was one', () => {
    const earnings = createEarnings();
    const arms = [arm('scripted', 'cross'), arm('scripted', 'refine')];
    earnedBy(earnings, { move: 'cross' }, { count: 40, every: 5, micros: 1000, gain: 1.005, from: 1 });
    earnedBy(earnings, { move: 'refine' }, { count: 40, every: 10, micros: 1000, gain: 1.2, from: 100 });
    expect(sharesOf(arms, earnings)[1]).toBeGreaterThan(0.8);
  });

  test('earns nothing by candidates that only ran faster', () => {
    const earnings = createEarnings();
    const arms = [arm('lucky', 'improve'), arm('honest', 'improve')];
    for (let number = 1; number <= 40; number += 1)
      earnings.count(withCost(judged(number, 9, { generator: 'lucky' }), judged(number, 9).state, 1000), 1);
    earnedBy(earnings, { generator: 'honest' }, { count: 40, every: 10, micros: 1000, from: 100 });
    expect(sharesOf(arms, earnings)[1]).toBeGreaterThan(0.8);
    expect(earnings.read().find(({ generator: name }) => name === 'lucky')).toMatchObject({ asked: 40, accepted: 0 });
  });

  test('begins with the shares of the generators, and draws the same from the same seed, number and earnings', () => {
    const earnings = createEarnings();
    const [most = 0, least = 0] = sharesOf([arm('a', 'improve', 1.6), arm('b', 'improve', 0.4)], earnings);
    expect(most).toBeGreaterThan(2 * least);
    expect(least).toBeGreaterThan(0.05);
    const arms = [arm('a', 'improve'), arm('a', 'new'), arm('b', 'new')];
    const draw = (number: number) => drawArm(arms, { earnings, budget: USD, seed: 3, number });
    expect([1, 2, 3, 4, 5].map(draw)).toEqual([1, 2, 3, 4, 5].map(draw));
    expect(drawArm([], { earnings, budget: USD, seed: 1, number: 1 })).toBeUndefined();
  });
});

const TARGETS = ['rmsnorm', 'softmax', 'topk'].map((problem) => ({ problem, device: 'H100' }));

const on = (problem: string, move: Generation['move'] = 'improve') => ({ problem, move });

/** What share of the draws has each target first. */
const firstOf = (earnings: Earnings, budget: Budget = USD): number[] => {
  const drawn = Array.from({ length: DRAWS }, (_, number) => drawTargets(TARGETS, { earnings, budget, seed: 3, number })[0]);
  return TARGETS.map((one) => drawn.filter((other) => other === one).length / DRAWS);
};

describe('a bandit over targets', () => {
  test('asks next where a dollar brought most', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 40, every: 4, micros: 10_000, gain: 1.1, from: 1 });
    earnedBy(earnings, on('softmax'), { count: 40, every: 4, micros: 100_000, gain: 1.1, from: 100 });
    earnedBy(earnings, on('topk'), { count: 40, every: 4, micros: 10_000, gain: 1.005, from: 200 });
    const [cheap = 0, dear = 0, small = 0] = firstOf(earnings);
    expect(cheap).toBeGreaterThan(0.75);
    expect(Math.max(dear, small)).toBeLessThan(0.2);
  });

  test('goes by device time where that is the limit', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 40, every: 4, micros: 0, from: 1 });
    earnedBy(earnings, on('softmax'), { count: 40, every: 4, micros: 0, from: 100, deviceMs: 5000 });
    earnedBy(earnings, on('topk'), { count: 40, every: 4, micros: 0, from: 200, deviceMs: 5000 });
    expect(firstOf(earnings, { gpuMinutes: 60 })[0]).toBeGreaterThan(0.75);
    expect(Math.max(...firstOf(earnings, { candidates: 500 }))).toBeLessThan(0.6);
  });

  test('lets nobody go without a small share, and compares none before it was tried', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 300, every: 2, micros: 1000, gain: 1.2, from: 1 });
    earnedBy(earnings, on('softmax'), { count: 12, every: 50, micros: 1000, from: 1000 });
    earnedBy(earnings, on('topk'), { count: 7, every: 1, micros: 1000, gain: 1.2, from: 2000 });
    const order = (number: number) =>
      drawTargets(TARGETS, { earnings, budget: USD, seed: 3, number }).map(({ problem }) => problem);
    expect([1, 2, 3].map(order)).toEqual(Array.from({ length: 3 }, () => ['topk', 'softmax', 'rmsnorm']));
    earnedBy(earnings, on('softmax'), { count: 12, every: 50, micros: 1000, from: 3000 });
    earnedBy(earnings, on('topk'), { count: 20, every: 50, micros: 1000, from: 4000 });
    expect(firstOf(earnings)[0]).toBeGreaterThan(0.8);
  });

  test('counts what a share is of by what it costs: slow kernels do not take the device from others', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 100, every: 50, micros: 0, from: 1 });
    earnedBy(earnings, on('softmax'), { count: 100, every: 50, micros: 0, from: 1000 });
    earnedBy(earnings, on('topk'), { count: 8, every: 50, micros: 0, from: 2000, deviceMs: 8000 });
    expect(firstOf(earnings, { gpuMinutes: 60 })[2]).toBeLessThan(0.1);
    expect(firstOf(earnings, { candidates: 500 })[2]).toBe(1);
  });

  test('takes what is under way for as dear as what was judged of its problem', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 20, every: 50, micros: 0, from: 1 });
    earnedBy(earnings, on('softmax'), { count: 20, every: 50, micros: 0, from: 1000 });
    for (let number = 2000; number < 2020; number += 1) earnings.count({ ...asked(number, 0), ...on('topk') }, 1);
    expect(firstOf(earnings, { gpuMinutes: 60 })[2]).toBeLessThan(1);
  });

  test('gives no credit for params that were tried beside, which cost no answer', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm', 'tune'), { count: 40, every: 2, micros: 0, gain: 1.5, from: 1 });
    earnedBy(earnings, on('rmsnorm'), { count: 20, every: 30, micros: 1000, gain: 1, from: 100 });
    earnedBy(earnings, on('softmax'), { count: 20, every: 4, micros: 1000, gain: 1.1, from: 200 });
    earnedBy(earnings, on('topk'), { count: 20, every: 30, micros: 1000, gain: 1, from: 300 });
    expect(firstOf(earnings)[1]).toBeGreaterThan(0.75);
    expect(earnings.targets().find(({ problem }) => problem === 'rmsnorm')).toMatchObject({ asked: 60, accepted: 21 });
  });

  test('draws the same again from the same seed, number and earnings, and all targets each time', () => {
    const earnings = createEarnings();
    earnedBy(earnings, on('rmsnorm'), { count: 20, every: 4, micros: 1000, from: 1 });
    const draw = (number: number) => drawTargets(TARGETS, { earnings, budget: USD, seed: 3, number });
    expect([1, 2, 3].map(draw)).toEqual([1, 2, 3].map(draw));
    expect(draw(1).toSorted((a, b) => (a.problem < b.problem ? -1 : 1))).toEqual(TARGETS);
    expect(drawTargets([], { earnings, budget: USD, seed: 3, number: 1 })).toEqual([]);
  });
});

describe('what moves earned', () => {
  test('is the same in whatever order rows are counted, and without what was taken back', () => {
    const rows = [
      judged(1, 2),
      asked(2, 500),
      generation(3, { status: 'lost', reservedMicros: 70 }),
      withCost(judged(4, 3), { ...judged(4, 3).state, gain: 1.5 } as never, 40),
    ];
    const [forward, backward] = [createEarnings(), createEarnings()];
    for (const row of rows) forward.count(row, 1);
    for (const row of rows.toReversed()) backward.count(row, 1);
    expect(forward.read()).toEqual(backward.read());
    expect(forward.read()).toEqual([
      {
        generator: 'scripted',
        move: 'improve',
        asked: 4,
        judged: 2,
        accepted: 1,
        micros: 110,
        deviceMs: 200,
        gain: Math.log(1.5),
      },
    ]);
    const last = rows[3];
    if (last) forward.count(last, -1);
    expect(forward.read()[0]).toMatchObject({ asked: 3, accepted: 0, micros: 70 });
    expect(forward.recent('scripted', 'improve').every(({ gain }) => gain === null)).toBe(true);
  });

  test('of a proposal is earned by diagnosing, of a starting point by nobody', () => {
    const earnings = createEarnings();
    earnings.count(judged(1, 2, { move: 'seed' }), 1);
    earnings.count(judged(2, 2, { move: 'improve', proposal: { of: 1, index: 0 } }), 1);
    expect(earnings.read().map(({ move }) => move)).toEqual(['diagnose']);
  });
});
