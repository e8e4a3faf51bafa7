import { describe, expect, test } from 'vitest';
import type { Why } from '../../../../src/domain/api/why.ts';
import { Why as WhySchema } from '../../../../src/domain/api/why.ts';
import { whyOf } from '../../../../src/engine/why/reasons.ts';
import type { WhyHost, WhyView } from '../../../../src/engine/why/view.ts';
import { taskView } from '../../../../src/scheduler/scheduler.ts';
import { Scenario } from '../../../support/scheduler/scenario.ts';
import { candidateId } from '../../../support/scheduler/simulated-fleet.ts';

const ID = candidateId(1);
const MODEL = 'NVIDIA H100';

const candidate: WhyView['candidate'] = {
  status: 'queued',
  outcome: null,
  paused: null,
  byAnswers: null,
  device: 'H100',
  labels: [],
  language: 'cuda',
  problem: 'softmax',
  submitter: 'ann',
  priority: 100,
};

/** Connected, with one H100 that works: as `Scenario.up(n)` has it. */
const host = (n: number, change: Partial<WhyHost> & { readonly device?: Partial<WhyHost['devices'][number]> } = {}): WhyHost => {
  const { device, ...rest } = change;
  return {
    name: `h${n}`,
    state: 'connected',
    reason: null,
    labels: [],
    languages: ['cuda'],
    devices: [{ id: `GPU-${n}-0`, class: 'H100', model: MODEL, unavailable: null, quarantine: null, ...device }],
    ...rest,
  };
};

/** Of candidate 1 as the scheduler of `s` has it. */
const why = (s: Scenario, change: Partial<WhyView> = {}): Why => {
  const task = taskView(s.core, ID);
  const view: WhyView = {
    id: ID,
    nowMs: s.nowMs,
    candidate,
    problem: 'same',
    task,
    pools: task?.pools ?? [],
    compile: null,
    hosts: [host(0)],
    classes: ['H100', 'cpu'],
    queue: task ? null : { failure: null, hasJob: true, before: 0 },
    storeFailure: null,
    ...change,
  };
  return WhySchema.parse(whyOf(view));
};

const reasons = ({ devices }: Why): readonly string[] => devices.map(({ host: at, can, reason }) => `${at} ${can}: ${reason}`);

describe('a candidate that no device can take says so where', () => {
  const s = new Scenario().add(1);

  test('no host has its class', () => {
    const answer = why(s, { hosts: [host(0, { device: { class: 'A100' } })], classes: ['A100'] });
    expect(answer).toMatchObject({ code: 'no_host_of_class', devices: [], position: null, eta: null });
    expect(answer.summary).toBe('no host of the fleet has the device class H100; it has A100');
    expect(answer.todo).toContain('add a host with H100');
  });

  test('the hosts that may have it were never reached', () => {
    const away = host(0, { state: 'unreachable', reason: 'connection refused', languages: null, devices: [] });
    const answer = why(s, { hosts: [away], classes: [] });
    expect(answer.code).toBe('hosts_away');
    expect(reasons(answer)).toEqual(['h0 no: its host is unreachable: connection refused']);
  });

  test('the hosts that may have it are still connecting', () => {
    const fresh = { state: 'connecting', reason: null, languages: null, devices: [] } as const;
    const answer = why(s, { hosts: [host(0, fresh), host(1, fresh)], classes: [] });
    expect(answer.code).toBe('hosts_away');
    expect(answer.summary).toBe(
      'no connected host has the device class H100: hosts h0, h1 are still connecting, their devices are not known yet',
    );
  });

  test('its hosts are disconnected', () => {
    const answer = why(s, { hosts: [host(0, { state: 'unreachable', reason: 'the cable was pulled' })] });
    expect(answer.code).toBe('hosts_away');
    expect(answer.summary).toBe('no device of H100 can take it now: h0: its host is unreachable: the cable was pulled');
  });

  test('its host is refused', () => {
    const answer = why(s, { hosts: [host(0, { state: 'refused', reason: 'its key is not the pinned one' })] });
    expect(answer).toMatchObject({ code: 'hosts_away' });
    expect(reasons(answer)).toEqual(['h0 no: its host is refused: its key is not the pinned one']);
  });

  test('no host has its labels', () => {
    const labelled = { ...candidate, labels: ['eu', 'fast'] };
    const answer = why(s, { candidate: labelled, hosts: [host(0, { labels: ['eu'] })] });
    expect(answer).toMatchObject({ code: 'no_label', todo: expect.stringContaining('labels') as string });
    expect(reasons(answer)).toEqual(['h0 no: its host lacks the label fast']);
  });

  test('no host offers its language', () => {
    const answer = why(s, { candidate: { ...candidate, language: 'triton' } });
    expect(answer.code).toBe('no_language');
    expect(reasons(answer)[0]).toContain('does not offer triton');
  });

  test('every device is quarantined', () => {
    const quarantine = 'quarantined since noon: it failed a known-good candidate (softmax)';
    const answer = why(s, { hosts: [host(0, { device: { quarantine } })] });
    expect(answer).toMatchObject({ code: 'quarantined', todo: expect.stringContaining('kiln fleet resume') as string });
    expect(reasons(answer)).toEqual([`h0 no: ${quarantine}`]);
  });

  test('every device is booked for another submitter; its own booking is said too', () => {
    const until = '2026-01-01T12:00:00.000Z';
    const booking = { submitter: 'bob', until, reason: 'a demo', by: 'boss', since: '2026-01-01T10:00:00.000Z' };
    const answer = why(s, { hosts: [host(0, { device: { booking } })] });
    expect(answer).toMatchObject({ code: 'booked', todo: expect.stringContaining('kiln host unbook') as string });
    expect(answer.summary).toContain(`it is booked for bob until ${until}`);
    expect(reasons(answer)).toEqual([`h0 no: it is booked for bob until ${until}`]);
    const own = why(s, { hosts: [host(0, { device: { booking: { ...booking, submitter: 'ann' } } })] });
    expect(reasons(own)).toEqual([`h0 takes: it is idle; it is booked for ann until ${until}`]);
  });

  test('its host is out of disk', () => {
    const answer = why(s, { hosts: [host(0, { reason: 'its disk is full: 12 MB are left' })] });
    expect(answer).toMatchObject({ code: 'unavailable', eta: null });
    expect(reasons(answer)).toEqual(['h0 no: its disk is full: 12 MB are left']);
  });

  test('somebody holds its device', () => {
    const answer = why(s, { hosts: [host(0, { device: { unavailable: 'process 12 (train.py) uses it' } })] });
    expect(answer.code).toBe('unavailable');
    expect(answer.summary).toContain('process 12 (train.py) uses it');
  });

  test('the devices differ: what is nearest to working is told first, and of each its own', () => {
    const hosts = [
      host(0, { state: 'unreachable', reason: 'gone' }),
      host(1, { device: { quarantine: 'quarantined' } }),
      host(2, { languages: [] }),
    ];
    const answer = why(s, { hosts });
    expect(answer.code).toBe('quarantined');
    expect(answer.devices.map(({ can }) => can)).toEqual(['no', 'no', 'no']);
  });
});

const busy = (): Scenario => {
  const s = new Scenario().up(0, { compileSlots: 1 });
  for (let n = 2; n <= 60; n += 1) s.add(n, { submitter: 'ann' });
  return s;
};

describe('a candidate in its turn says', () => {
  test('that every device is busy, its place, and how long it takes', () => {
    const s = busy().add(1, { submitter: 'ann', queuedAtMs: 61 });
    const answer = why(s);
    expect(answer).toMatchObject({
      code: 'waits_for_device',
      position: { ahead: 59, ofOthers: 0, moreUrgent: 0, isExact: true },
    });
    // 59 at the 50 ms that are assumed before the first verdict, and its own.
    expect(answer.eta?.seconds).toBeCloseTo(60 * 0.05, 6);
    expect(answer.eta?.how).toBe(
      '59 before it on 1 device at 50.0 ms each (assumed: nothing was judged there yet), then its own 50.0 ms',
    );
    expect(answer.summary).toBe('every device that could take it is busy, behind 59 others');
  });

  test('that others’ fair share comes first', () => {
    const s = new Scenario().up(0, { compileSlots: 1 });
    // Thirty of its submitter are in work: they will take 1.5 s of device time, and the 69 of three others at most 1.15 s each.
    for (let n = 2; n <= 31; n += 1) s.add(n, { submitter: 'ann' });
    for (let n = 32; n <= 100; n += 1) s.add(n, { submitter: `s${n % 3}` });
    const answer = why(s.add(1, { submitter: 'ann', queuedAtMs: 101 }));
    expect(answer.code).toBe('fair_share');
    expect(answer.position).toMatchObject({ ahead: 99, ofOthers: 69 });
    expect(answer.summary).toContain('69 of other submitters are due before this one of ann');
  });

  test('that more urgent ones come first', () => {
    const s = new Scenario().up(0, { compileSlots: 1 });
    for (let n = 2; n <= 60; n += 1) s.add(n, { submitter: 'ann', priority: 1 });
    const answer = why(s.add(1, { submitter: 'ann' }));
    expect(answer).toMatchObject({ code: 'more_urgent', todo: 'kiln reprioritise gives it another priority' });
    expect(answer.position?.moreUrgent).toBe(59);
  });

  test('that its host compiles it', () => {
    const s = new Scenario().up(0).add(1);
    const compile = { host: 'h0', forHost: 'h0', isTransfer: false, before: 0, slots: 2, sinceMs: 40 };
    const answer = why(s, { compile });
    expect(answer).toMatchObject({ code: 'compiling', summary: 'h0 compiles it, since 40.0 ms' });
    // 60 ms are left of the 100 that are assumed, then 50 on the device.
    expect(answer.eta?.seconds).toBeCloseTo(0.11, 6);
  });

  test('that it waits for a compile slot, behind how many', () => {
    const compile = { host: 'builder', forHost: 'h0', isTransfer: false, before: 5, slots: 2, sinceMs: 0 };
    const answer = why(new Scenario().up(0).add(1), { compile });
    expect(answer).toMatchObject({ code: 'waits_for_compile_slot', position: { ahead: 5 } });
    expect(answer.summary).toBe('it waits for a compile slot of builder for h0: 5 were asked before it, 2 are compiled at once');
  });

  test('that what a compile host made is on its way', () => {
    const compile = { host: 'h0', forHost: 'h0', isTransfer: true, before: 0, slots: 2, sinceMs: 5 };
    expect(why(new Scenario().up(0).add(1), { compile })).toMatchObject({
      code: 'transferring',
      summary: 'it is compiled, and on its way to h0',
    });
  });

  test('that it waits at its device, and then that it is judged', () => {
    const s = new Scenario().up(0).add(2).compiled(2, 0).add(1).compiled(1, 0).started(2, 1);
    expect(why(s)).toMatchObject({ code: 'waits_for_device', position: { ahead: 1 } });
    s.judged(2, 1).started(1, 1);
    expect(why(s)).toMatchObject({ code: 'judging', summary: 'GPU-0-0 of h0 judges it now' });
  });

  test('that it is being confirmed', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).judged(1, 1, { confirm: MODEL }).started(1, 2);
    expect(why(s)).toMatchObject({ code: 'confirming' });
    expect(why(s).summary).toContain('in pairs with the record holder');
  });

  test('that it waits to be confirmed, where no device of that model is there', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).judged(1, 1, { confirm: 'another model' });
    const answer = why(s);
    expect(answer.code).toBe('no_model');
    expect(reasons(answer)).toEqual(['h0 no: it is to be confirmed on another model']);
  });

  test('how long it backs off after an infra failure', () => {
    const s = new Scenario().up(0).add(2).compiled(2, 0).started(2, 1).judged(2, 1);
    s.add(1).compiled(1, 0).started(1, 1).broken(1, 1);
    const answer = why(s);
    expect(answer).toMatchObject({ code: 'back_off' });
    expect(answer.summary).toBe('it failed once for no fault of its own, and only the same host can try again: in 1.0 s');
    // A whole judgement took 100 ms there.
    expect(answer.eta?.seconds).toBeCloseTo(1.1, 6);
  });

  test('which host failed it, where another takes it', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).up(1).broken(1, 1);
    const answer = why(s, { hosts: [host(0), host(1)] });
    expect(reasons(answer)[0]).toBe('h0 no: its host failed it before');
    expect(answer.notes).toEqual(['1 earlier try failed for no fault of its own']);
  });

  test('that the host that has it is away, and for how long it is waited for', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).lost(0);
    const answer = why(s, { hosts: [host(0, { state: 'unreachable', reason: 'gone' })] });
    expect(answer.code).toBe('host_away');
    expect(answer.summary).toContain('if it is not back in 30.0 s, another device judges it');
  });
});

describe('a candidate that is not held says', () => {
  const none = new Scenario();

  test('that it is paused, since when and why', () => {
    const paused = { at: '2026-01-01T00:00:00.000Z', reason: 'lunch' };
    expect(why(none, { candidate: { ...candidate, paused } })).toMatchObject({
      code: 'paused',
      summary: 'it is paused since 2026-01-01T00:00:00.000Z: lunch',
      todo: 'kiln resume lets it be judged',
    });
  });

  test('that it is behind what is held', () => {
    const answer = why(none, { queue: { failure: null, hasJob: true, before: 120 }, pools: poolsOf(new Scenario().up(0)) });
    expect(answer).toMatchObject({ code: 'in_queue', position: { ahead: 120, isExact: false } });
    expect(answer.eta?.seconds).toBeCloseTo(121 * 0.05, 6);
  });

  test('that the store is down', () => {
    const answer = why(none, { storeFailure: 'connection refused' });
    expect(answer).toMatchObject({ code: 'store_down', eta: null });
    expect(answer.summary).toContain('connection refused');
  });

  test('that the queue is down', () => {
    const queue = { failure: 'Redis is away', hasJob: true, before: 3 };
    expect(why(none, { queue }).code).toBe('queue_down');
  });

  test('that its job was lost', () => {
    expect(why(none, { queue: { failure: null, hasJob: false, before: 3 } }).code).toBe('no_job');
  });

  test.each(['changed', 'removed'] as const)('that its problem was %s', (problem) => {
    const answer = why(none, { problem });
    expect(answer).toMatchObject({ code: 'problem_changed', todo: expect.stringContaining('submit it again') as string });
    expect(answer.summary).toContain(`problem "softmax" was ${problem}`);
  });

  test('that it is done, and that nothing is waited for', () => {
    const outcome = { verdict: 'infra_failed', message: 'the reference does not compile on h0' } as const;
    const answer = why(none, { candidate: { ...candidate, status: 'done', outcome } });
    expect(answer).toMatchObject({ code: 'done', devices: [], notes: [] });
    expect(answer.summary).toBe('it waits for nothing: its verdict is infra_failed: the reference does not compile on h0');
  });

  test('that it was cancelled', () => {
    const answer = why(none, { candidate: { ...candidate, status: 'done', outcome: { verdict: 'cancelled' } } });
    expect(answer.code).toBe('cancelled');
  });
});

describe('beside its reason a candidate says', () => {
  test('that it is being cancelled', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).cancel(1);
    expect(why(s).code).toBe('cancelling');
  });

  test('that verdicts wait for the store, and that it was paused while a device has it', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).pause(1);
    const paused = { at: '2026-01-01T00:00:00.000Z', reason: null };
    const answer = why(s, { storeFailure: 'disk full', candidate: { ...candidate, paused } });
    expect(answer.code).toBe('judging');
    expect(answer.notes).toEqual([
      'the store takes no writes: verdicts wait for it (disk full)',
      'it was paused: what its device has goes on, and nothing after it',
    ]);
  });
});

const poolsOf = (s: Scenario): WhyView['pools'] => taskView(s.add(99).core, candidateId(99))?.pools ?? [];
