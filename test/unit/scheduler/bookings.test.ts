import { describe, expect, test } from 'vitest';
import type { HostDevice } from '../../../src/scheduler/events.ts';
import { snapshot, taskView, underserved } from '../../../src/scheduler/scheduler.ts';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { candidateId, deviceId, hostId } from '../../support/scheduler/simulated-fleet.ts';

const ANN = { submitter: 'ann' };
const BOB = { submitter: 'bob' };

/** Of host 0: each booked for one, or for nobody. */
const devices = (...bookedFor: readonly (string | null)[]): { readonly devices: readonly HostDevice[] } => ({
  devices: bookedFor.map((who, at) => ({
    deviceId: deviceId(0, at),
    class: 'H100',
    model: 'NVIDIA H100',
    available: true,
    bookedFor: who,
  })),
});

const hostOf = (s: Scenario, n: number): string | null => {
  const place = taskView(s.core, candidateId(n))?.place;
  return place && 'hostId' in place ? place.hostId : null;
};

describe('a device that is booked', () => {
  test("takes its submitter's candidates and nobody else's, and idles otherwise", () => {
    const s = new Scenario().up(0, devices('ann')).add(1, BOB).expect();
    expect(snapshot(s.core).blocked).toMatchObject([
      { waiting: 1, reason: expect.stringContaining('booked for another submitter') as string },
    ]);
    s.add(2, ANN).expect('2 is compiling', 'compile 2 h0');
    s.compiled(2, 0).expect('2 is ready', '2 is judging', 'judge 2.1 GPU-0-0 screen');
    s.judged(2, 1).expect('2 is passed');
  });

  test('lets what runs end, gives back what others have waiting there, and that goes elsewhere', () => {
    const s = new Scenario().up(0, devices(null));
    for (const n of [1, 2]) s.add(n, BOB).compiled(n, 0);
    s.started(1, 1).up(1, { devices: [] }).skip();
    s.changed(0, devices('ann')).expect('retract 2.1 h0');
    s.retracted(0, [2, 1]).expect('2 is queued again');
    s.up(1).expect('2 is compiling', 'compile 2 h1');
    s.judged(1, 1).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('keeps what its own submitter has waiting there', () => {
    const s = new Scenario().up(0, devices(null));
    for (const n of [1, 2]) s.add(n, ANN).compiled(n, 0);
    s.started(1, 1).skip();
    s.changed(0, devices('ann')).expect();
    s.judged(1, 1).expect('1 is passed').judged(2, 1).expect('2 is passed');
    expect(s.unread).toEqual([]);
  });

  test('gives what others had compiled for it to the other devices of its host', () => {
    const s = new Scenario().up(0, devices(null, null));
    for (let n = 1; n <= 12; n += 1) s.add(n, BOB).compiled(n, 0);
    s.skip().changed(0, devices(null, 'ann'));
    expect(s.unread.filter((line) => line.startsWith('retract'))).not.toEqual([]);
    const held = () => s.core.hosts.get(hostId(0))?.devices.get(deviceId(0, 1))?.entries ?? new Set();
    const waiting = [...held()].map(({ task, attempts }) => [Number.parseInt(task.id.slice(2), 16), attempts] as const);
    expect(waiting.length).toBeGreaterThan(0);
    s.retracted(0, ...waiting);
    expect(held().size).toBe(0);
    expect(s.core.tasks.size).toBe(12);
    expect([...s.core.tasks.keys()].map((id) => hostOf(s, Number.parseInt(id.slice(2), 16)))).not.toContain(null);
  });

  test('confirms no record of another submitter that it screened: a device of the model that is free does', () => {
    const s = new Scenario().up(0, devices(null)).add(1, BOB).compiled(1, 0).started(1, 1);
    s.changed(0, devices('ann')).up(1).skip();
    s.judged(1, 1, { confirm: 'NVIDIA H100' }).expect('1 is queued again', '1 is compiling', 'compile 1 h1');
    expect(s.unread).toEqual([]);
  });

  test('is given canaries like any other', () => {
    const s = new Scenario({ canaryFirstMs: 0 }).up(0, devices('ann')).skip();
    s.add(1, ANN).compiled(1, 0).started(1, 1).judged(1, 1).skip();
    s.tickAt(400_000).expect('canary for GPU-0-0');
    expect(s.unread).toEqual([]);
  });
});

describe('a submitter who has booked a device', () => {
  test('goes on using the others, and takes work for the booked one from there', () => {
    const s = new Scenario().up(0, { ...devices(null), compileSlots: 8 });
    for (let n = 1; n <= 8; n += 1) s.add(n, ANN).compiled(n, 0);
    s.skip().up(1, { devices: [{ ...device(1), bookedFor: 'ann' }] });
    s.add(9, ANN);
    expect(hostOf(s, 9)).toBe('h1');
  });

  test('has its share of the other devices beside what it booked', () => {
    const s = new Scenario().up(0, devices('ann', null));
    for (let n = 1; n <= 4; n += 1) s.add(n, ANN).compiled(n, 0);
    for (const n of [1, 2, 3, 4]) {
      const place = s.core.tasks.get(candidateId(n))?.place;
      if (place?.kind === 'judge' && place.device.pool?.bookedFor === 'ann') s.started(n, 1).judged(n, 1, { serviceMs: 60_000 });
    }
    const share = [...s.core.classes.values()][0]?.shares.get('ann');
    const charged = [...(share?.levels.values() ?? [])].reduce((sum, { given, bound }) => sum + given - bound, 0);
    expect(share?.judged).toBeGreaterThan(0);
    expect(charged).toBe(0);
  });

  test('is leased enough for it, however many candidates of others come first', () => {
    const s = new Scenario({ windowMin: 10 }).up(0, devices('ann', 'ann'));
    const backlog = [
      { device: 'H100', submitter: 'ann', count: 100 },
      ...Array.from({ length: 40 }, (_, n) => ({ device: 'H100', submitter: `s${n}`, count: 1000 })),
    ];
    expect(underserved(s.core, backlog).find(({ submitter }) => submitter === 'ann')?.more).toBe(16);
  });
});

const device = (host: number): HostDevice => ({
  deviceId: deviceId(host, 0),
  class: 'H100',
  model: 'NVIDIA H100',
  available: true,
});

describe('the end of a booking', () => {
  test('lets everybody use the device again, at once', () => {
    const s = new Scenario().up(0, devices('ann')).add(1, BOB).expect();
    s.changed(0, devices(null)).expect('1 is compiling', 'compile 1 h0');
    expect([...(s.core.hosts.values().next().value?.pools.keys() ?? [])]).toHaveLength(1);
  });

  test('moves what was compiled for the booking with it, and remembers what judgements take', () => {
    const s = new Scenario().up(0, devices('ann')).add(1, ANN).compiled(1, 0).started(1, 1).judged(1, 1, { serviceMs: 900 });
    s.add(2, ANN).skip().changed(0, devices(null));
    s.expect('cancel-compile 2 h0', '2 is queued again', '2 is compiling', 'compile 2 h0');
    expect([...(s.core.hosts.values().next().value?.pools.values() ?? [])].map(({ serviceMs }) => serviceMs)).toEqual([900]);
  });

  test('of one that passes to somebody else lets the next have it', () => {
    const s = new Scenario().up(0, devices('ann')).add(1, ANN).add(2, BOB).skip();
    s.changed(0, devices('bob')).expect('cancel-compile 1 h0', '1 is queued again', '2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });
});
