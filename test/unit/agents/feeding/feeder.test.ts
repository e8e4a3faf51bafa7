import { describe, expect, test } from 'vitest';
import { createFeeder, type Feeder } from '../../../../src/agents/feeding/feeder.ts';
import type { Load } from '../../../../src/agents/feeding/load.ts';

const TARGET_SECONDS = 5;
const SAMPLES = 64;
const IDLE: Load = { slots: 10, waiting: 0, running: 0, thinking: 0 };

/** One that has seen answers of `latencyMs` and judgements of `deviceMs`. */
const warmFeeder = (latencyMs: number, deviceMs: number): Feeder => {
  const feeder = createFeeder({ device: 'H100', targetSeconds: TARGET_SECONDS });
  for (let n = 0; n < SAMPLES; n += 1) {
    feeder.onThought(latencyMs);
    feeder.onJudged(deviceMs);
  }
  return feeder;
};

describe('the feeding controller', () => {
  test('asks for two candidates a device while it does not know how long one takes', () => {
    const feeder = createFeeder({ device: 'H100', targetSeconds: TARGET_SECONDS });
    expect(feeder.allowed(IDLE)).toEqual({
      thinkers: 20,
      heldSeconds: null,
      reason: 'no candidate for H100 was judged yet: at most 2 for each of its 10 devices until it is known how long one takes',
    });
    expect(feeder.allowed({ ...IDLE, waiting: 5, running: 10 }).thinkers).toBe(5);
    expect(feeder.allowed({ ...IDLE, slots: 1 }).reason).toContain('at most 2 for its device until');
  });

  test('lets as many think as the queue lacks and as the fleet uses while they do', () => {
    const feeder = warmFeeder(2_000, 100);
    // 10 devices at 100 ms: 100 a second. Aimed at: 425 waiting; 200 are taken during a thought.
    expect(feeder.allowed(IDLE).thinkers).toBe(625);
    expect(feeder.allowed({ ...IDLE, waiting: 425, running: 10 }).thinkers).toBe(200);
    expect(feeder.allowed({ ...IDLE, waiting: 600, running: 10 }).thinkers).toBe(25);
  });

  test('lets nobody think while more waits than what is aimed at and used meanwhile', () => {
    const { thinkers, heldSeconds, reason } = warmFeeder(2_000, 100).allowed({ ...IDLE, waiting: 1520, running: 10 });
    expect(thinkers).toBe(0);
    expect(heldSeconds).toBeCloseTo(15.2);
    expect(reason).toBe('the queue holds 15.2 s of work for H100; the target is 5 s, so nobody new thinks until it is shorter');
  });

  test('says what the queue holds and what its target is', () => {
    const { reason } = warmFeeder(2_000, 100).allowed({ ...IDLE, waiting: 480, running: 10 });
    expect(reason).toBe('the queue holds 4.8 s of work for H100; the target is 5 s');
  });

  test('lets nobody think where no device takes work, and says so', () => {
    const none = { thinkers: 0, heldSeconds: null };
    const lost = { ...IDLE, slots: 0, waiting: 30 };
    expect(warmFeeder(2_000, 100).allowed(lost)).toMatchObject(none);
    expect(createFeeder({ device: 'A100', targetSeconds: TARGET_SECONDS }).allowed(lost)).toEqual({
      ...none,
      reason: 'no device of the class A100 takes work now, so nobody thinks; kiln fleet says why',
    });
  });

  test('asks for more where answers come to nothing, and where candidates never reach a device', () => {
    const feeder = warmFeeder(0, 100);
    for (let n = 0; n < SAMPLES * 20; n += 1) {
      feeder.onThought(0, n % 2 === 0 ? 'candidate' : 'nothing');
      feeder.onJudged(n % 4 === 0 ? 0 : 100);
    }
    const { thinkers } = feeder.allowed(IDLE);
    expect(thinkers / (425 / 0.5 / 0.75)).toBeCloseTo(1, 1);
  });

  test('never asks for more than ten times what is wanted, even if nothing comes of any answer', () => {
    const feeder = warmFeeder(0, 100);
    for (let n = 0; n < 10_000; n += 1) feeder.onThought(0, 'nothing');
    expect(feeder.allowed(IDLE).thinkers).toBe(4250);
  });

  test('lets one think for a device whose candidates each take longer than the target', () => {
    const feeder = warmFeeder(1_000, 60_000);
    expect(feeder.allowed({ ...IDLE, slots: 1 }).thinkers).toBe(1);
    expect(feeder.allowed({ ...IDLE, slots: 1, waiting: 1 }).thinkers).toBe(0);
  });

  test('counts on fewer devices at once when some are lost, and on all when they are back', () => {
    const feeder = warmFeeder(2_000, 100);
    const load = { ...IDLE, waiting: 425, running: 10 };
    expect(feeder.allowed({ ...load, slots: 5 }).thinkers).toBe(0);
    expect(feeder.allowed(load).thinkers).toBe(200);
  });

  test('learns within some verdicts that candidates became ten times longer', () => {
    const feeder = warmFeeder(2_000, 100);
    for (let n = 0; n < SAMPLES * 6; n += 1) feeder.onJudged(1_000);
    expect(feeder.allowed(IDLE).thinkers).toBeLessThan(65);
  });

  test('counts on what the devices are really given while compilers keep them waiting', () => {
    const feeder = warmFeeder(2_000, 100);
    for (let n = 0; n < 5_000; n += 1) {
      feeder.allowed({ ...IDLE, waiting: 400, running: 5 });
      feeder.onJudged(100);
    }
    const { heldSeconds } = feeder.allowed({ ...IDLE, waiting: 400, running: 5 });
    expect(heldSeconds).toBeCloseTo(8, 0);
  });
});
