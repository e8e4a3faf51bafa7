/** The real controller and the real scheduler core with a simulated fleet, in virtual time. Prints what bench/feeding prints. */
import { describe, expect, test } from 'vitest';
import { BUSY_MIN, HELD_MAX, SCENARIOS, USUAL } from '../../../bench/feeding/scenarios.ts';
import { simulateFeeding } from '../../../bench/feeding/simulation.ts';
import type { Feeder } from '../../../src/agents/feeding/feeder.ts';
import type { FeedingReport } from '../../../bench/feeding/samples.ts';

/** Of any ten seconds: with one device, one unlucky answer shows. */
const BUSY_WORST_MIN = 0.85;

const say = (name: string, { busy, busyWorst, held, thinking }: FeedingReport): void =>
  void process.stdout.write(
    `${name}: ${(busy * 100).toFixed(1)} % busy (worst 10 s ${(busyWorst * 100).toFixed(1)} %), queue ${held.mean.toFixed(2)} times its target, at most ${held.most.toFixed(2)}; at most ${thinking.most} think\n`,
  );

/** Lets so many think whatever the queue holds. */
const fixed = (thinkers: number): Feeder => ({
  onThought: () => undefined,
  onJudged: () => undefined,
  allowed: () => ({ thinkers, heldSeconds: null, reason: 'it is fixed' }),
});

describe('a fleet fed by agents', () => {
  test.each(SCENARIOS)('never starves and is never flooded: $name', (scenario) => {
    const report = simulateFeeding(scenario);
    say(scenario.name, report);
    expect(report.busy).toBeGreaterThanOrEqual(BUSY_MIN);
    expect(report.busyWorst).toBeGreaterThanOrEqual(BUSY_WORST_MIN);
    expect(report.held.most).toBeLessThanOrEqual(HELD_MAX);
  });

  test('starves with a tenth of the agents it needs, and this test sees it', () => {
    expect(simulateFeeding(USUAL, fixed(672)).busy).toBeLessThan(0.2);
  });

  test('is flooded when twice the agents it needs think on, and this test sees it', () => {
    expect(simulateFeeding({ ...USUAL, warmupSeconds: 0, seconds: 30 }, fixed(13_440)).held.most).toBeGreaterThan(HELD_MAX);
  });

  test('gets no new work while candidates that became ten times longer are worked off, then its target again', () => {
    const incidents = [{ atSeconds: 60, change: 'ten times slower' }] as const;
    const report = simulateFeeding({ ...USUAL, incidents, warmupSeconds: 300, seconds: 400 });
    say('ten times slower', report);
    expect(report.busyWorst).toBeGreaterThanOrEqual(BUSY_MIN);
    expect(report.held.least).toBeGreaterThan(0.5);
    expect(report.held.mean).toBeLessThan(1);
  });

  test('holds little more than its target where compilers keep half of the devices waiting', () => {
    const report = simulateFeeding({ ...USUAL, compileMs: { low: 200, high: 600 }, seconds: 150 });
    say('compilers set the pace', report);
    expect(report.perSecond).toBeGreaterThan(310);
    expect(report.held.mean).toBeLessThan(1.3);
  });
});
