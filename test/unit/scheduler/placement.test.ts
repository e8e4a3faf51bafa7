import { describe, expect, test } from 'vitest';
import { snapshot, wanted } from '../../../src/scheduler/scheduler.ts';
import { facts, Scenario } from '../../support/scheduler/scenario.ts';
import { hostId } from '../../support/scheduler/simulated-fleet.ts';

describe('constraints', () => {
  test('class, labels and language must all match', () => {
    const s = new Scenario()
      .up(0)
      .up(1, { labels: ['eu', 'fast'] })
      .up(2, { labels: ['eu'], languages: ['triton'] });
    s.add(1, { labels: ['fast', 'eu'] }).expect('1 is compiling', 'compile 1 h1');
    s.add(2, { language: 'triton' }).expect('2 is compiling', 'compile 2 h2');
    s.add(3, { device: 'A100' })
      .add(4, { labels: ['eu'], language: 'c' })
      .expect();
    expect(s.unread).toEqual([]);
  });

  test('the snapshot says why what waits cannot run, and counts every stage', () => {
    const s = new Scenario()
      .up(0)
      .up(1, { labels: ['eu'] })
      .lost(1)
      .add(1)
      .add(2)
      .add(3)
      .compiled(1, 0)
      .skip();
    s.add(4, { device: 'A100' })
      .add(5, { labels: ['us'] })
      .add(6, { language: 'triton', submitter: 't' });
    const { stages, byDevice, bySubmitter, blocked } = snapshot(s.core);
    expect(stages).toEqual({ queued: 3, compiling: 2, ready: 0, judging: 1, confirming: 0 });
    expect(byDevice.find(({ device }) => device === 'A100')).toMatchObject({
      waiting: 1,
      slots: 0,
      blocked: 'no host of the fleet has the device class A100',
    });
    expect(byDevice.find(({ device }) => device === 'H100')).toMatchObject({ waiting: 4, running: 1, slots: 1, blocked: null });
    expect(bySubmitter).toContainEqual({ submitter: 't', waiting: 1, running: 0 });
    expect(blocked.map(({ reason }) => reason).toSorted()).toEqual([
      'no host of the fleet has the device class A100',
      'no host with H100 has the labels us',
      'no matching host with H100 supports triton',
    ]);
  });

  test('says so when all hosts are lost, and when no device takes work', () => {
    const s = new Scenario().up(0).lost(0).add(1);
    expect(snapshot(s.core).byDevice[0]?.blocked).toBe('all hosts with H100 are lost');
    s.up(0, { devices: facts(0).devices.map((device) => ({ ...device, available: false })) });
    expect(snapshot(s.core).byDevice[0]?.blocked).toBe('no matching device of H100 takes work now');
  });

  test('candidates that nothing can run do not keep others from being leased', () => {
    const s = new Scenario({ windowMin: 2, windowMax: 2, heldMax: 5 });
    for (const n of [1, 2, 3]) s.add(n, { device: 'A100' });
    expect(wanted(s.core)).toBe(2);
    s.add(4, { device: 'A100' });
    expect(wanted(s.core)).toBe(1);
  });

  test('candidates of a class without devices are held only so far', () => {
    const s = new Scenario({ windowMin: 2, windowMax: 2, heldMax: 50, blockedMax: 3 }).up(0);
    for (const n of [1, 2]) s.add(n, { device: 'A100' });
    expect(wanted(s.core)).toBe(2);
    s.add(3, { device: 'A100' });
    expect(wanted(s.core)).toBe(0);
    s.up(1, { devices: facts(1).devices.map((device) => ({ ...device, class: 'A100' })) });
    expect(wanted(s.core)).toBeGreaterThan(0);
  });
});

describe('candidates with different constraints', () => {
  test('keep the order of their priorities and times', () => {
    const s = new Scenario()
      .add(1, { submitter: 'a', labels: ['eu'], queuedAtMs: 2 })
      .add(2, { submitter: 'b', queuedAtMs: 1 })
      .add(3, { submitter: 'c', labels: ['eu'], priority: 1 });
    s.up(0, { labels: ['eu'] });
    s.expect('3 is compiling', 'compile 3 h0', '2 is compiling', 'compile 2 h0', '1 is compiling', 'compile 1 h0');
    expect(s.unread).toEqual([]);
  });

  test('are spread over the hosts that match', () => {
    const s = new Scenario()
      .up(0)
      .up(1, { labels: ['eu'] })
      .up(2, { labels: ['eu'] });
    for (let n = 1; n <= 4; n += 1) s.add(n, { labels: ['eu'] });
    const hosts = ['compile 1 h1', 'compile 2 h2', 'compile 3 h1', 'compile 4 h2'];
    s.expect(...hosts.flatMap((compile, at) => [`${at + 1} is compiling`, compile]));
    expect(s.unread).toEqual([]);
  });

  test('do not move to an idle host that lacks the label', () => {
    const s = new Scenario().up(0, { labels: ['eu'] });
    for (let n = 1; n <= 20; n += 1) s.add(n, { labels: ['eu'] }).compiled(n, 0);
    s.skip().up(1).tickAt(1_000).expect();
    expect(s.unread).toEqual([]);
  });
});

describe('spreading work', () => {
  test('a candidate goes to the host with the least work per device', () => {
    const s = new Scenario().up(0, { compileSlots: 8 }).up(1, { count: 2, compileSlots: 8 });
    s.add(1).expect('1 is compiling', 'compile 1 h0').add(2).expect('2 is compiling', 'compile 2 h1');
    s.add(3).expect('3 is compiling', 'compile 3 h1').add(4).expect('4 is compiling', 'compile 4 h0');
    expect(s.unread).toEqual([]);
  });

  test('each device is handed what covers a round trip, the emptiest first, and no more', () => {
    const s = new Scenario().up(0, { count: 2 });
    for (const n of [1, 2, 3, 4, 5]) s.add(n);
    s.skip().compiled(1, 0).expect('1 is ready', '1 is judging', 'judge 1.1 GPU-0-0 screen');
    s.compiled(2, 0).expect('2 is ready', '2 is judging', 'judge 2.1 GPU-0-1 screen');
    s.compiled(3, 0).compiled(4, 0).skip().compiled(5, 0).expect('5 is ready');
    expect(s.unread).toEqual([]);
  });

  test('short judgements over a long wire are handed out further ahead', () => {
    const s = new Scenario().up(0, { rttMs: 80 });
    for (let n = 1; n <= 12; n += 1) s.add(n).compiled(n, 0);
    for (let n = 1; n <= 2; n += 1) s.judged(n, 1, { serviceMs: 20 });
    expect(snapshot(s.core).stages.judging).toBeGreaterThanOrEqual(6);
  });

  test('short judgements on a near host are handed out far enough ahead for results that reach the disk before they are told', () => {
    const s = new Scenario().up(0, { rttMs: 1 });
    for (let n = 1; n <= 12; n += 1) s.add(n).compiled(n, 0);
    for (let n = 1; n <= 2; n += 1) s.judged(n, 1, { serviceMs: 10 });
    expect(snapshot(s.core).stages.judging).toBeGreaterThanOrEqual(4);
  });

  test('an idle host takes ready work from a loaded one, and its own device queues are shared', () => {
    const s = new Scenario().up(0);
    for (let n = 1; n <= 20; n += 1) s.add(n).compiled(n, 0);
    s.skip().judged(1, 1, { serviceMs: 1_000 }).skip().up(1);
    expect(s.last.filter(({ type }) => type === 'compile').length).toBeGreaterThan(4);
    expect(s.last.every((effect) => effect.type !== 'compile' || effect.hostId === 'h1')).toBe(true);
  });

  test('a device that idles beside a full one gets the last of its queue', () => {
    const device = facts(0, { count: 2 }).devices;
    const oneOff = device.map((fact, at) => ({ ...fact, available: at === 0 }));
    const s = new Scenario().up(0, { devices: oneOff }).add(1).compiled(1, 0).started(1, 1).add(2).compiled(2, 0).skip();
    s.changed(0, { count: 2 }).expect('retract 2.1 h0');
    s.retracted(0, [2, 1]).expect('2 is ready', '2 is judging', 'judge 2.2 GPU-0-1 screen');
    expect(s.unread).toEqual([]);
  });

  test('one candidate at a time is asked back', () => {
    const device = facts(0, { count: 2 }).devices;
    const oneOff = device.map((fact, at) => ({ ...fact, available: at === 0 }));
    const s = new Scenario().up(0, { devices: oneOff, rttMs: 50 });
    for (let n = 1; n <= 9; n += 1) s.add(n).compiled(n, 0);
    s.judged(1, 1, { serviceMs: 20 }).judged(2, 1, { serviceMs: 580 });
    for (let n = 3; n <= 5; n += 1) s.judged(n, 1, { serviceMs: 300 });
    s.started(6, 1).skip().changed(0, { count: 2, rttMs: 50 }).expect('retract 9.1 h0').tickAt(1).expect();
    expect(s.unread).toEqual([]);
  });

  test('one that started in the meantime stays, and nothing is judged twice', () => {
    const device = facts(0, { count: 2 }).devices;
    const oneOff = device.map((fact, at) => ({ ...fact, available: at === 0 }));
    const s = new Scenario().up(0, { devices: oneOff }).add(1).compiled(1, 0).started(1, 1).add(2).compiled(2, 0).skip();
    s.changed(0, { count: 2 })
      .skip()
      .judged(1, 1)
      .expect('1 is passed')
      .started(2, 1)
      .retracted(0)
      .judged(2, 1)
      .expect('2 is passed');
    expect(s.unread).toEqual([]);
  });

  test('far more urgent work makes a device give its queue back where that saves a real wait', () => {
    const s = new Scenario().up(0);
    for (let n = 1; n <= 3; n += 1) s.add(n).compiled(n, 0);
    s.judged(1, 1, { serviceMs: 1_000 }).started(2, 1).skip();
    s.add(4, { priority: 60 }).compiled(4, 0).expect('4 is compiling', 'compile 4 h0', '4 is ready');
    s.add(5, { priority: 50 }).compiled(5, 0).expect('5 is compiling', 'compile 5 h0', '5 is ready', 'retract 3.1 h0');
    s.retracted(0, [3, 1]).expect('3 is ready', '5 is judging', 'judge 5.1 GPU-0-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('urgent work does not cost a device its cover when judgements are short', () => {
    const s = new Scenario().up(0);
    for (let n = 1; n <= 3; n += 1) s.add(n).compiled(n, 0);
    s.judged(1, 1, { serviceMs: 60 }).started(2, 1).skip();
    for (const n of [4, 5]) s.add(n).compiled(n, 0);
    s.skip().add(6, { priority: 1 }).compiled(6, 0).expect('6 is compiling', 'compile 6 h0', '6 is ready');
    expect(s.unread).toEqual([]);
  });
});

describe('infra failures', () => {
  test('are retried on another host that matches, under a new attempt id', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).skip().up(1);
    s.broken(1, 1).expect('1 is queued again (infra)', '1 is compiling', 'compile 1 h1');
    s.compiled(1, 1).expect('1 is ready', '1 is judging', 'judge 1.2 GPU-1-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('wait ever longer where only the same host is left, and end as infra_failed', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).skip();
    const wakes = [1_000, 3_000, 7_000];
    for (const [at, wake] of wakes.entries()) {
      s.broken(1, at + 1)
        .expect('1 is queued again (infra)')
        .tickAt(wake - 1)
        .expect();
      s.tickAt(wake).expect('1 is compiling', 'compile 1 h0').compiled(1, 0).skip();
    }
    s.broken(1, 4).expect('1 is infra_failed');
    expect(s.unread).toEqual([]);
  });

  test('a cancelled verdict that nobody asked for is the host failing', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).skip();
    s.judged(1, 1, { result: { status: 'judged', outcome: { verdict: 'cancelled' } } }).expect('1 is queued again (infra)');
    expect(s.unread).toEqual([]);
  });

  test('a host that failed it is used where no other comes up', () => {
    const s = new Scenario()
      .add(1, { excludedHosts: [hostId(0)] })
      .expect()
      .up(0)
      .expect('1 is compiling', 'compile 1 h0');
    s.add(2, { excludedHosts: [hostId(0)] }).expect('2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('an excluded host counts again once it is the only one left', () => {
    const s = new Scenario().up(0).up(1, { devices: [] }).add(1).compiled(1, 0).skip().up(1).broken(1, 1).skip();
    s.lost(1).expect('1 is queued again', '1 is compiling', 'compile 1 h0');
    expect(s.unread).toEqual([]);
  });
});
