import { describe, expect, test } from 'vitest';
import { taskView } from '../../../src/scheduler/scheduler.ts';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { candidateId, deviceId } from '../../support/scheduler/simulated-fleet.ts';

describe('a paused candidate', () => {
  test('that waits is released at once, and its compilation is withdrawn', () => {
    const s = new Scenario().add(1).pause(1).expect('1 is released');
    s.up(0).add(2).skip();
    s.pause(2).expect('cancel-compile 2 h0', '2 is queued again', '2 is released');
    expect(s.core.tasks.size).toBe(0);
  });

  test('that a device has ends there, with its confirmation', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).skip();
    s.pause(1).expect();
    s.judged(1, 1, { confirm: 'NVIDIA H100' }).expect('1 is ready', '1 is confirming', 'judge 1.2 GPU-0-0 confirm');
    s.judged(1, 2).expect('1 is passed');
    expect(s.core.tasks.size).toBe(0);
  });

  test('is released where it would wait again, as after an infra failure', () => {
    const s = new Scenario().up(0).up(1).add(1).skip();
    const at = Number(hostOf(s).slice(1));
    s.compiled(1, at).started(1, 1, at).pause(1).skip();
    s.broken(1, 1, at).expect('1 is queued again (infra)', '1 is released');
    expect(s.core.tasks.size).toBe(0);
  });

  test('is not released once it is unpaused', () => {
    const s = new Scenario().up(0).up(1).add(1).skip();
    const at = Number(hostOf(s).slice(1));
    s.compiled(1, at).started(1, 1, at).pause(1).unpause(1).skip();
    s.broken(1, 1, at);
    expect(s.unread).not.toContain('1 is released');
    expect(s.core.tasks.size).toBe(1);
  });

  test('that its device gives back is released there', () => {
    const s = new Scenario().up(0).add(1).add(2).compiled(1, 0).compiled(2, 0).started(1, 1).skip();
    s.pause(2);
    s.changed(0, { devices: [{ ...H100, available: false }] }).skip();
    s.retracted(0, [2, 1]).expect('2 is queued again', '2 is released');
    expect([...s.core.tasks.keys()]).toEqual([candidateId(1)]);
  });
});

const H100 = { deviceId: deviceId(0, 0), class: 'H100', model: 'NVIDIA H100' };

const hostOf = (s: Scenario) => {
  const place = taskView(s.core, candidateId(1))?.place;
  if (place?.kind !== 'compiling') throw new Error('candidate 1 is not compiling');
  return place.hostId;
};

describe('another priority', () => {
  test('puts a candidate that waits before the others, or behind them', () => {
    const s = new Scenario();
    for (let n = 1; n <= 5; n += 1) s.add(n, { submitter: `s${n}` });
    s.reprioritise(4, 1).reprioritise(1, 200).expect();
    s.up(0, { compileSlots: 1 });
    const compiled = s.unread.filter((line) => line.startsWith('compile'));
    expect([compiled[0], compiled.at(-1)]).toEqual(['compile 4 h0', 'compile 1 h0']);
  });

  test('of one that is compiled makes a device give back what is less urgent', () => {
    const s = new Scenario().up(0, { compileSlots: 64 });
    for (let n = 1; n <= 40; n += 1) s.add(n);
    for (let n = 1; n <= 40; n += 1) s.compiled(n, 0);
    const last = [...s.core.tasks.values()].findLast(({ place }) => place.kind === 'ready');
    if (!last) throw new Error('nothing is ready');
    s.skip().reprioritise(Number.parseInt(last.task.id.slice(2), 16), 1);
    expect(s.core.tasks.get(last.task.id)?.task.priority).toBe(1);
    const [pool] = s.core.hosts.values().next().value?.pools.values() ?? [];
    expect(pool?.ready.peek()).toBe(last);
  });

  test('of one that a device has, or that is to be confirmed, moves nothing', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).skip();
    s.reprioritise(1, 5).expect();
    s.judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    s.reprioritise(1, 900).expect();
    expect(s.core.tasks.get(candidateId(1))?.task.priority).toBe(900);
  });
});

describe('the view of a candidate', () => {
  test('counts what comes before it for the same devices, of others and more urgent', () => {
    const s = new Scenario().up(0, { compileSlots: 1 });
    // The devices and what is compiled ahead are full of these.
    for (let n = 1; n <= 60; n += 1) s.add(n, { submitter: 'many' });
    s.add(61, { submitter: 'few' })
      .add(62, { submitter: 'few', priority: 1 })
      .add(63, { labels: ['eu'] });
    const view = taskView(s.core, candidateId(61));
    expect(view?.place.kind).toBe('pending');
    const held = s.core.stages.compiling + s.core.stages.ready + s.core.stages.judging;
    expect(view?.ahead.moreUrgent).toBe(1);
    expect(view?.ahead.all).toBeGreaterThan(held);
    expect(view?.ahead.ofOthers).toBe(view ? view.ahead.all - 1 : -1);
    // What no device of these can take does not stand before it.
    expect(view?.ahead.all).toBeLessThan(63);
  });

  test('is not there for one that is not held', () => {
    expect(taskView(new Scenario().core, candidateId(1))).toBeNull();
  });
});
