import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import { createLostJobs } from '../../../../src/engine/leasing/lost-jobs.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';

const MINUTE_MS = 60_000;
const id = (digit: string): CandidateId => CandidateId.parse(`c-${digit.repeat(32)}`);
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store with three candidates that are not done, and a queue that has a job for some of them. */
const setUp = (withJobs: readonly string[]) => {
  const all = ['a', 'b', 'c'];
  const jobs = new Set(withJobs.map(id));
  const calls: string[] = [];
  let fails = 0;
  const store: Partial<Store> = {
    unfinished: async (_page, after) => {
      calls.push('look');
      if (after === null && fails > 0) throw new Error(`away ${(fails -= 1)}`);
      return Promise.resolve(after === null ? all.map((digit) => ({ id: id(digit), priority: 7 })) : []);
    },
    backlog: async () => Promise.resolve({ rows: [{ device: 'x', submitter: 'y', count: all.length }], oldestSubmittedAtMs: 1 }),
  };
  const queue: Partial<Queue> = {
    count: async () => {
      calls.push('count');
      return Promise.resolve(jobs.size);
    },
    missing: async (ids) => Promise.resolve(ids.filter((each) => !jobs.has(each))),
    add: async (batch) => {
      for (const { candidateId } of batch) jobs.add(candidateId);
      calls.push(`add ${batch.map(({ candidateId, priority }) => `${candidateId.slice(2, 3)}:${priority}`).join(' ')}`);
      return Promise.resolve();
    },
  };
  const lostJobs = createLostJobs({ store: store as Store, queue: queue as Queue, log: pino({ level: 'silent' }) });
  let nowMs = 0;
  const tick = async (afterMs = 1000): Promise<readonly string[]> => {
    nowMs += afterMs;
    lostJobs.onTick(nowMs);
    await settled();
    return calls.splice(0);
  };
  return { lostJobs, tick, failNext: (times: number) => (fails = times) };
};

test('reads nothing while nothing is suspected, and counts now and then', async () => {
  const { tick } = setUp(['a', 'b', 'c']);
  expect([await tick(), await tick(), await tick()]).toEqual([[], [], []]);
  expect([await tick(MINUTE_MS), await tick(), await tick(MINUTE_MS)]).toEqual([['count'], [], ['count']]);
});

test('queues again what has no job as soon as something is suspected, and nothing else', async () => {
  const { lostJobs, tick } = setUp(['b']);
  lostJobs.suspect();
  expect(await tick()).toEqual(['look', 'add a:7 c:7', 'look']);
  expect(await tick()).toEqual([]);
});

test('looks when the queue was short of jobs twice: once may be a submission on its way', async () => {
  const { tick } = setUp(['a', 'b']);
  expect([await tick(), await tick(MINUTE_MS), await tick()]).toEqual([[], ['count'], []]);
  expect([await tick(MINUTE_MS), await tick()]).toEqual([['count'], ['look', 'add c:7', 'look']]);
  expect([await tick(MINUTE_MS), await tick(MINUTE_MS), await tick()]).toEqual([['count'], ['count'], []]);
});

test('looks again at every tick until it could', async () => {
  const { lostJobs, tick, failNext } = setUp(['a', 'b']);
  failNext(2);
  lostJobs.suspect();
  expect([await tick(), await tick(), await tick()]).toEqual([['look'], ['look'], ['look', 'add c:7', 'look']]);
});
