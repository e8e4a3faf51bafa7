import { expect, onTestFinished, test } from 'vitest';
import { KilnError } from '../../../src/domain/errors.ts';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import type { HostEvent } from '../../../src/domain/ports/host-session.ts';
import { createEventLoop, inOrder } from '../../../src/engine/event-loop.ts';
import type { Effect } from '../../../src/scheduler/effects.ts';
import { createScheduler, handle } from '../../../src/scheduler/scheduler.ts';
import { task } from '../../support/scheduler/simulated-fleet.ts';

const HOST = HostId.parse('box');
const UP = {
  type: 'host-up',
  host: {
    hostId: HOST,
    runnerId: 'r1',
    labels: [],
    languages: ['cuda'],
    compileSlots: 1,
    rttMs: 1,
    devices: [{ deviceId: DeviceId.parse('GPU-0'), class: 'H100', model: 'NVIDIA H100', available: true }],
  },
  attempts: { queued: [], running: [], finished: [] },
} as const;

test('an event that comes while another is handled waits until all that followed from that one is done', () => {
  const core = createScheduler();
  const loop = createEventLoop(core, () => 0);
  onTestFinished(() => loop.stop());
  const done: string[] = [];
  const execute = (effect: Effect): void => {
    done.push(effect.type === 'moved' ? `${effect.type} ${effect.state.status}` : effect.type);
    if (effect.type === 'moved') loop.push({ type: 'task-cancelled', id: effect.id });
  };
  loop.start({ execute, onTick: () => undefined, onRefusedMove: () => undefined });
  loop.push(UP);
  loop.push({ type: 'task-added', task: task(1) });
  expect(done).toEqual(['moved compiling', 'compile', 'cancel-compile', 'finished']);
});

test('a move that no candidate may make is counted, its error goes to whoever pushed the event, and the next event is handled', () => {
  const loop = createEventLoop(createScheduler(), () => 0);
  onTestFinished(() => loop.stop());
  let [refused, isSound] = [0, false];
  const execute = (): void => {
    if (!isSound) throw new KilnError('ILLEGAL_TRANSITION', 'candidate c-1 is done and cannot become ready');
  };
  loop.start({ execute, onTick: () => undefined, onRefusedMove: () => (refused += 1) });
  loop.push(UP);
  expect(() => loop.push({ type: 'task-added', task: task(1) })).toThrow('cannot become ready');
  expect(refused).toBe(1);
  isSound = true;
  loop.push({ type: 'task-added', task: task(2) });
  expect(refused).toBe(1);
});

test('what is pushed before the start is handled at the start', () => {
  const core = createScheduler();
  handle(core, UP, 0);
  const loop = createEventLoop(core, () => 0);
  onTestFinished(() => loop.stop());
  const done: string[] = [];
  loop.push({ type: 'task-added', task: task(1) });
  expect(done).toEqual([]);
  loop.start({ execute: ({ type }) => done.push(type), onTick: () => undefined, onRefusedMove: () => undefined });
  expect(done).toEqual(['moved', 'compile']);
});

test('events of a host are handled one after another, also where one fails', async () => {
  const gate = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const handled: string[] = [];
  const failures: unknown[] = [];
  const push = inOrder(
    async (event: HostEvent) => {
      if (event.type === 'lost' && event.reason === 'first') await gate.promise;
      if (event.type !== 'lost') return;
      handled.push(event.reason);
      if (event.reason === 'second') throw new Error('no');
      if (event.reason === 'third') done.resolve();
    },
    { error: (facts: unknown) => failures.push(facts) },
  );
  for (const reason of ['first', 'second', 'third']) push({ type: 'lost', hostId: HOST, reason, retryAtMs: null });
  expect(handled).toEqual([]);
  gate.resolve();
  await done.promise;
  expect(handled).toEqual(['first', 'second', 'third']);
  expect(failures).toMatchObject([{ hostId: HOST }]);
});
