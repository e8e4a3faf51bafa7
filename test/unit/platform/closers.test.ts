import { expect, test } from 'vitest';
import { closeAll } from '../../../src/platform/closers.ts';
import type { Closer } from '../../../src/platform/closers.ts';

test('parts are closed in the reverse order of opening, each whatever became of the others; the first failure is thrown, all are told', async () => {
  const closed: string[] = [];
  const told: unknown[] = [];
  const part = (name: string, failure?: Error): Closer => ({
    part: name,
    close: async () => {
      closed.push(name);
      await Promise.resolve();
      if (failure) throw failure;
    },
  });
  const log = { debug: () => {}, error: (facts: object) => void told.push(facts) };
  const [queue, server] = [new Error('no queue'), new Error('no server')];
  await expect(closeAll([part('store'), part('queue', queue), part('engine'), part('server', server)], log)).rejects.toBe(server);
  expect(closed).toEqual(['server', 'engine', 'queue', 'store']);
  expect(told).toEqual([
    { part: 'server', err: server },
    { part: 'queue', err: queue },
  ]);
});
