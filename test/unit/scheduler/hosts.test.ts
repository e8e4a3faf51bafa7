import { describe, expect, test } from 'vitest';
import { nextWakeMs } from '../../../src/scheduler/scheduler.ts';
import { facts, Scenario } from '../../support/scheduler/scenario.ts';
import { attemptId, deviceId, hostId, task } from '../../support/scheduler/simulated-fleet.ts';

const judging = (options = {}): Scenario =>
  new Scenario(options).up(0).add(1).compiled(1, 0).started(1, 1).add(2).compiled(2, 0).skip();

const adopt = (s: Scenario, mode: 'screen' | 'confirm' = 'screen'): Scenario => {
  const known = { hostId: hostId(0), deviceId: deviceId(0, 0), attemptId: attemptId(1, 3), mode, screened: null };
  return s.send({ type: 'task-adopted', task: task(1, { attempts: 3 }), ...known });
};

const ofModel = (n: number, model: string) => facts(n).devices.map((device) => ({ ...device, model }));
const off = (n: number) => facts(n).devices.map((device) => ({ ...device, available: false }));

describe('a lost host', () => {
  test('its attempts wait for it; what was only compiling moves on at once', () => {
    const s = judging().add(3).skip().lost(0).expect('3 is queued again');
    s.up(0, {}, { queued: [attemptId(2, 1)], running: [attemptId(1, 1)] }).expect('3 is compiling', 'compile 3 h0');
    s.judged(1, 1).judged(2, 1).expect('1 is passed', '2 is passed');
    expect(s.unread).toEqual([]);
  });

  test('a result finished meanwhile is used, not judged again', () => {
    const s = judging().lost(0).expect();
    s.up(0, {}, { running: [attemptId(2, 1)], finished: [attemptId(1, 1)] })
      .expect()
      .judged(1, 1)
      .expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('after the grace its attempts are queued again; only the one that had started counts as an infra failure', () => {
    const s = judging({ hostGraceMs: 100, backoffMs: 1_000 }).lost(0).tickAt(99).expect();
    expect(nextWakeMs(s.core)).toBe(100);
    s.tickAt(100).expect('1 is queued again (infra)', '2 is queued again');
    s.up(1).expect('2 is compiling', 'compile 2 h1').tickAt(1_100).expect('1 is compiling', 'compile 1 h1');
    expect(s.unread).toEqual([]);
  });

  test('one that is still running there when the host returns after the grace goes on', () => {
    const s = judging({ hostGraceMs: 100 }).lost(0).tickAt(100).skip();
    s.up(0, {}, { running: [attemptId(1, 1)], queued: [attemptId(2, 1)] });
    s.expect('cancel 2.1 h0', '1 is judging', '2 is compiling', 'compile 2 h0').judged(1, 1).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('a late result of an older attempt is used where no judge has the candidate, and dropped where one has', () => {
    const s = judging({ hostGraceMs: 100 }).lost(0).up(1).tickAt(100).skip();
    s.compiled(2, 1).expect('2 is ready', '2 is judging', 'judge 2.2 GPU-1-0 screen');
    s.up(0, {}, { finished: [attemptId(1, 1), attemptId(2, 1)] }).expect('ack-stale 2.1 h0');
    s.judged(2, 1).expect('ack-stale 2.1 h0').judged(1, 1).expect('cancel-compile 1 h1', '1 is passed');
    s.judged(2, 2, { host: 1 }).expect('2 is passed');
    expect(s.unread).toEqual([]);
  });

  test('a runner that forgot an attempt has it given out again at once', () => {
    const s = judging().lost(0).up(0, { runnerId: 'r2' });
    s.expect('1 is queued again (infra)', '2 is queued again', '2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('attempts that nobody knows are cancelled, queued ones first, and their results dropped', () => {
    const held = { running: [attemptId(7, 1)], queued: [attemptId(8, 1)], finished: [attemptId(9, 1)] };
    expect(new Scenario().up(0, {}, held).expect('cancel 8.1 h0', 'cancel 7.1 h0', 'ack-stale 9.1 h0').unread).toEqual([]);
  });

  test('attached anew without a loss, it is asked to compile again', () => {
    expect(
      new Scenario()
        .up(0)
        .add(1)
        .skip()
        .up(0)
        .expect('cancel-compile 1 h0', '1 is queued again', '1 is compiling', 'compile 1 h0').unread,
    ).toEqual([]);
  });
});

describe('frames that come too late', () => {
  test('a cancelled leftover of an older attempt is no verdict', () => {
    const s = judging({ hostGraceMs: 100 })
      .lost(0)
      .tickAt(100)
      .up(0, {}, { queued: [attemptId(2, 1)] })
      .skip();
    s.judged(2, 1, { result: { status: 'judged', outcome: { verdict: 'cancelled' } } }).expect('ack-stale 2.1 h0');
    expect(s.unread).toEqual([]);
  });

  test('a result of an attempt that was given back is dropped', () => {
    const s = judging().retracted(0, [2, 1]).expect('2 is ready', '2 is judging', 'judge 2.2 GPU-0-0 screen');
    s.retracted(0, [2, 2]).skip().changed(0, { devices: [] }).skip().retracted(0, [2, 3]).expect('2 is queued again');
    s.judged(2, 3).expect('ack-stale 2.3 h0');
    expect(s.unread).toEqual([]);
  });

  test('a cancelled attempt that is given back is cancelled', () => {
    const s = judging().cancel(2).expect('cancel 2.1 h0').retracted(0, [2, 1]).expect('2 is cancelled');
    expect(s.unread).toEqual([]);
  });

  test('an attempt given up goes on only while no later one was given out and back', () => {
    const s = judging({ hostGraceMs: 100 }).lost(0).tickAt(100).up(1).compiled(2, 1).skip().changed(1, { devices: [] });
    s.expect('retract 2.2 h1').retracted(1, [2, 2]).expect('2 is queued again');
    s.up(0, {}, { running: [attemptId(2, 1)] }).expect('cancel 2.1 h0', '2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('code compiled on a host that no longer has the candidate is not used', () => {
    const s = new Scenario().up(0).add(1).skip().lost(0).up(1).expect('1 is queued again', '1 is compiling', 'compile 1 h1');
    s.compiled(1, 0).expect();
    expect(s.unread).toEqual([]);
  });
});

describe('after a restart of the daemon', () => {
  test('an attempt at a judge is held until its host says hello, and its result taken', () => {
    const s = adopt(new Scenario())
      .up(1)
      .expect()
      .up(0, {}, { running: [attemptId(1, 3)] })
      .expect();
    s.judged(1, 3).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('once its host has said hello there is no deadline for it', () => {
    const s = adopt(new Scenario({ adoptGraceMs: 100 }))
      .up(0, {}, { running: [attemptId(1, 3)] })
      .tickAt(100)
      .expect();
    s.judged(1, 3).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('it is given out again under a new attempt id when the host does not come back in time', () => {
    const s = adopt(new Scenario({ adoptGraceMs: 100 }))
      .up(1)
      .tickAt(99)
      .expect()
      .tickAt(100);
    s.expect('1 is queued again', '1 is compiling', 'compile 1 h1');
    s.compiled(1, 1).expect('1 is ready', '1 is judging', 'judge 1.4 GPU-1-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('a confirmation whose screening nobody knows any more is screened again', () => {
    const s = adopt(new Scenario({ adoptGraceMs: 100 }), 'confirm')
      .up(1)
      .tickAt(100)
      .skip();
    s.compiled(1, 1).expect('1 is ready', '1 is judging', 'judge 1.4 GPU-1-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('what was screened and waited to be confirmed is confirmed, on its model alone', () => {
    const s = new Scenario()
      .up(1, { devices: ofModel(1, 'another') })
      .send({ type: 'task-added', task: task(1, { attempts: 11 }), confirmOn: 'NVIDIA H100' });
    expect(s.unread).toEqual([]);
    s.up(0).expect('1 is compiling', 'compile 1 h0');
    s.compiled(1, 0).expect('1 is ready', '1 is confirming', 'judge 1.12 GPU-0-0 confirm').judged(1, 12).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('what is to be confirmed on a model that does not come is screened again, where any is', () => {
    const s = new Scenario({ confirmWaitMs: 100 }).up(1, { devices: ofModel(1, 'another') });
    s.send({ type: 'task-added', task: task(1, { attempts: 11 }), confirmOn: 'NVIDIA H100' }).expect();
    s.tickAt(100).expect('1 is compiling', 'compile 1 h1');
    s.compiled(1, 1).expect('1 is ready', '1 is judging', 'judge 1.12 GPU-1-0 screen');
    expect(s.unread).toEqual([]);
  });
});

describe('devices that come and go', () => {
  test('one that takes no work any more gives its queue back; the running attempt goes on', () => {
    const s = judging()
      .changed(0, { devices: off(0) })
      .expect('retract 2.1 h0');
    s.retracted(0, [2, 1]).expect('2 is queued again').judged(1, 1).expect('1 is passed');
    s.changed(0).expect('2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('where no device of the host works, what it compiles or has ready goes elsewhere', () => {
    const s = new Scenario()
      .up(0)
      .add(1)
      .skip()
      .up(1)
      .changed(0, { devices: off(0) });
    s.expect('cancel-compile 1 h0', '1 is queued again', '1 is compiling', 'compile 1 h1');
    expect(s.unread).toEqual([]);
  });

  test('its facts are not believed before its hello', () => {
    expect(new Scenario().add(1).changed(0).unread).toEqual([]);
  });
});

describe('a host that drains', () => {
  test('is given nothing more, keeps what runs there, and what waited for it goes elsewhere at once', () => {
    const s = judging().up(1).skip();
    s.drain(0).expect('retract 2.1 h0');
    s.retracted(0, [2, 1]).expect('2 is queued again', '2 is compiling', 'compile 2 h1');
    s.add(3).expect('3 is compiling', 'compile 3 h1');
    s.judged(1, 1).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('stays so when it is attached again, and takes work again when it is said', () => {
    const s = new Scenario().up(0).drain(0).lost(0).up(0).add(1).expect();
    s.drain(0, false).expect('1 is compiling', 'compile 1 h0');
    expect(s.unread).toEqual([]);
  });

  test('and leaves is forgotten with its devices; what it still had goes elsewhere at once', () => {
    const s = judging().up(1).skip();
    s.removed(0);
    expect(s.unread.filter((line) => line.startsWith('compile')).toSorted()).toEqual(['compile 1 h1', 'compile 2 h1']);
    expect([...s.core.hosts.keys()]).toEqual(['h1']);
    expect([...s.core.classes.values()].flatMap(({ pools }) => [...pools].map(({ host }) => host.id))).toEqual(['h1']);
    s.skip().up(0).add(3).skip();
    expect(s.core.hosts.size).toBe(2);
  });
});
