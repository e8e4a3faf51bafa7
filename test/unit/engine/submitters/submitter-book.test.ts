import { describe, expect, test } from 'vitest';
import type { NewCandidate } from '../../../../src/domain/ports/store-rows.ts';
import type { SubmitterStore } from '../../../../src/domain/ports/submitters.ts';
import type { SubmitterSettings } from '../../../../src/domain/submitters.ts';
import { createQueueRoom } from '../../../../src/engine/submitters/queue-room.ts';
import { createSubmitterBook } from '../../../../src/engine/submitters/submitter-book.ts';
import type { SchedulerEvent } from '../../../../src/scheduler/events.ts';
import { createScheduler, handle, usedMsOf } from '../../../../src/scheduler/scheduler.ts';

const DAY_MS = 24 * 3_600_000;
const NOON_MS = Date.parse('2026-01-05T12:00:00.000Z');

const setUp = (unfinished: number, used: readonly { readonly submitter: string; readonly ms: number }[] = []) => {
  const kept = new Map<string, SubmitterSettings>();
  const clock = { nowMs: NOON_MS };
  const core = createScheduler();
  const asked: string[] = [];
  const store: SubmitterStore & {
    backlog(): Promise<{ rows: { device: string; submitter: string; count: number }[]; oldestSubmittedAtMs: null }>;
  } = {
    submitterSettings: async () => [...kept.values()],
    keepSubmitter: async (settings) => void kept.set(settings.submitter, settings),
    dropSubmitter: async (submitter) => void kept.delete(submitter),
    deviceTime: async (submitters, from) => {
      asked.push(`${submitters.join(',')} since ${from}`);
      return used.filter(({ submitter }) => submitters.includes(submitter));
    },
    backlog: async () => ({ rows: [{ device: 'H100', submitter: 'ada', count: unfinished }], oldestSubmittedAtMs: null }),
  };
  const state = {
    core,
    store,
    now: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    apply: (event: SchedulerEvent) => void handle(core, event, clock.nowMs),
  };
  return { kept, clock, core, asked, book: () => createSubmitterBook(state), room: createQueueRoom, state };
};

const batch = (submitter: string, count: number): readonly NewCandidate[] =>
  Array.from({ length: count }, () => ({ submission: { submitter, content: { device: 'H100' } } }) as NewCandidate);

describe('what is set for a submitter', () => {
  test('is in force at once and after a restart, until it is cleared', async () => {
    const { core, book } = setUp(3);
    const first = book();
    expect(await first.set('ada', { weight: 2 }, 'boss')).toMatchObject({ weight: 2, runningMax: null, waiting: 3, by: 'boss' });
    await first.set('ada', { runningMax: 4 }, 'boss');
    expect(core.rules.get('ada')).toEqual({ weight: 2, runningMax: 4, deviceMsMax: null });
    const next = book();
    await next.recover();
    expect(next.limitsOf('ada')).toMatchObject({ weight: 2, runningMax: 4 });
    await next.clear('ada');
    expect([core.rules.size, next.limitsOf('ada').weight]).toEqual([0, 1]);
  });

  test('counts device minutes of the day that is, from what the store knows, and begins anew with the next', async () => {
    const { core, book, clock, asked } = setUp(0, [{ submitter: 'ada', ms: 90_000 }]);
    const one = book();
    const view = await one.set('ada', { gpuMinutesMax: 1 }, 'boss');
    expect(asked).toEqual(['ada since 2026-01-05T00:00:00.000Z']);
    expect(view.gpuMinutesToday).toBe(1.5);
    one.onTick();
    expect(usedMsOf(core, 'ada')).toBe(90_000);
    clock.nowMs += DAY_MS;
    one.onTick();
    expect(usedMsOf(core, 'ada')).toBe(0);
  });
});

describe('a submitter with as many candidates as it may have', () => {
  test('is refused more, and told when to come back; others are not', async () => {
    const { book, state, room, clock } = setUp(8);
    const one = book();
    await one.set('ada', { queuedMax: 10 }, 'boss');
    const check = room(state, one);
    await check(batch('ada', 2));
    await expect(check(batch('ada', 1))).rejects.toMatchObject({
      code: 'TOO_MANY_QUEUED',
      details: { submitter: 'ada', queuedMax: 10, unfinished: 10 },
    });
    await expect(check(batch('bob', 1000))).resolves.toBeUndefined();
    clock.nowMs += 2000;
    await expect(check(batch('ada', 2))).resolves.toBeUndefined();
  });

  test('gets no more in by submitting many times at once', async () => {
    const { book, state, room } = setUp(4);
    const one = book();
    await one.set('ada', { queuedMax: 10 }, 'boss');
    const check = room(state, one);
    const many = await Promise.allSettled(Array.from({ length: 10 }, async () => check(batch('ada', 2))));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  test('has its place again for what came with too much of another', async () => {
    const { book, state, room } = setUp(0);
    const one = book();
    for (const name of ['ada', 'bob']) await one.set(name, { queuedMax: 2 }, 'boss');
    const check = room(state, one);
    await expect(check([...batch('ada', 2), ...batch('bob', 3)])).rejects.toMatchObject({ code: 'TOO_MANY_QUEUED' });
    await expect(check(batch('ada', 2))).resolves.toBeUndefined();
  });

  test('is counted again where it could not be counted', async () => {
    const { book, state, room } = setUp(8);
    const one = book();
    await one.set('ada', { queuedMax: 10 }, 'boss');
    const answers = [Promise.reject(new Error('the store is away')), state.store.backlog()];
    const check = room({ ...state, store: { backlog: async () => answers.shift() ?? state.store.backlog() } }, one);
    await expect(check(batch('ada', 1))).rejects.toThrow('the store is away');
    await expect(check(batch('ada', 1))).resolves.toBeUndefined();
  });
});
