/** Shares of device time, in virtual time, on the simulated fleet of bench/shares. */
import { describe, expect, test } from 'vitest';
import { type Party, ShareSimulation } from '../../../bench/shares/simulation.ts';

const FLEET = { hosts: 2, devicesPerHost: 4 };
const SHARE_ERROR_MAX = 0.03;

const party = (name: string, weight: number, mean: number, more: Partial<Party> = {}): Party => ({
  name,
  weight,
  serviceMs: { low: mean * 0.5, high: mean * 1.5 },
  fromMs: 0,
  ...more,
});
const QUICK = party('quick', 1, 30);
const MIDDLE = party('middle', 1, 200);
const SLOW = party('slow', 2, 800);
const PARTIES = [QUICK, MIDDLE, SLOW];

const expectShares = (shares: ReadonlyMap<string, number>, expected: Readonly<Record<string, number>>): void => {
  for (const [name, share] of Object.entries(expected)) {
    expect(Math.abs((shares.get(name) ?? 0) - share), `${name} has ${shares.get(name)}, of ${share}`).toBeLessThan(
      SHARE_ERROR_MAX,
    );
  }
};

describe('submitters with weights 1, 1, 2 whose candidates cost 30, 200 and 800 ms', () => {
  test('have a quarter, a quarter and half of the device time, and no device idles', () => {
    const run = new ShareSimulation({ ...FLEET, parties: PARTIES, endMs: 32_000 }).run();
    expectShares(run.sharesBetween(2_000, 32_000), { quick: 0.25, middle: 0.25, slow: 0.5 });
    expect(run.busyBetween(2_000, 32_000)).toBeGreaterThan(0.98);
  });

  test('have it whoever of them is the quick one', () => {
    const parties = [party('quick', 2, 30), party('middle', 1, 200), party('slow', 1, 800)];
    const run = new ShareSimulation({ ...FLEET, parties, endMs: 32_000 }).run();
    expectShares(run.sharesBetween(2_000, 32_000), { quick: 0.5, middle: 0.25, slow: 0.25 });
    expect(run.busyBetween(2_000, 32_000)).toBeGreaterThan(0.98);
  });
});

describe('a submitter who comes late', () => {
  test.each(['quick', 'slow'])(
    'beside one whose candidates are %s has its share within two seconds, and no more than it',
    (name) => {
      const others = name === 'quick' ? [QUICK, MIDDLE] : [SLOW, MIDDLE];
      const weights = others.reduce((sum, { weight }) => sum + weight, 0);
      const late = party('late', 2, 100, { fromMs: 20_000 });
      const run = new ShareSimulation({ ...FLEET, parties: [...others, late], endMs: 52_000 }).run();
      const share = 2 / (2 + weights);
      expect((run.firstStart('late') ?? Infinity) - 20_000).toBeLessThan(2_000);
      expectShares(run.sharesBetween(22_000, 52_000), { late: share });
      expect(run.sharesBetween(20_000, 24_000).get('late') ?? 0).toBeLessThan(share + 2 * SHARE_ERROR_MAX);
    },
  );
});

test('an urgent candidate starts within the time of one candidate', () => {
  const run = new ShareSimulation({ ...FLEET, parties: PARTIES, endMs: 30_000 });
  const urgent = { ...party('urgent', 1, 100), fromMs: -1 };
  run.submitAt(10_000, urgent, 1);
  run.run();
  expect((run.firstStart('urgent') ?? Infinity) - 10_000).toBeLessThan(SLOW.serviceMs.high);
});

test('who may have two candidates in work has no more, and the others have what is left', () => {
  const run = new ShareSimulation({
    ...FLEET,
    parties: [party('capped', 9, 200, { runningMax: 2 }), MIDDLE],
    endMs: 20_000,
  }).run();
  expect(run.sharesBetween(2_000, 20_000).get('capped') ?? 1).toBeLessThanOrEqual(2 / 8);
  expect(run.sharesBetween(2_000, 20_000).get('capped') ?? 0).toBeGreaterThan(0.05);
  expect(run.busyBetween(2_000, 20_000)).toBeGreaterThan(0.98);
});
