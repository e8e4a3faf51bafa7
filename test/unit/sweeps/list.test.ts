import { describe, expect, test } from 'vitest';
import { SweepId } from '../../../src/domain/ids.ts';
import type { SweepRow, SweepStatus } from '../../../src/domain/sweep/sweep.ts';
import { createList } from '../../../src/sweeps/list.ts';

const rowOf = (number: number, status: SweepStatus): SweepRow => ({
  id: SweepId.parse(`s-${String(number).padStart(16, '0')}`),
  problem: 'p',
  device: 'H100',
  submitter: 'ada',
  createdAt: '2026-01-02T03:04:05.000Z',
  spec: null,
  status,
  reason: null,
  ranMs: 0,
});

const scenario = (rows: readonly SweepRow[]) => {
  const counted: string[] = [];
  const now = { ms: 0, rows, done: 4 };
  const list = createList({
    store: {
      lastSweeps: async () => now.rows,
      sweepTally: async (id) => {
        counted.push(id.slice(-1));
        return { asked: 4, done: now.done, passed: 3, best: 1.5, gpuSeconds: 2 };
      },
    },
    monotonicMs: () => now.ms,
  });
  const countedBy = async (): Promise<string> => {
    counted.length = 0;
    await list();
    return counted.join(' ');
  };
  return { now, list, countedBy };
};

describe('the list of sweeps', () => {
  test('counts points of what goes on once a second, and of what is over once a minute, however many look', async () => {
    const { now, countedBy } = scenario([rowOf(1, 'running'), rowOf(2, 'finished'), rowOf(3, 'cancelled')]);
    expect(await countedBy()).toBe('1 2 3');
    expect(await countedBy()).toBe('');
    now.ms = 1000;
    expect(await countedBy()).toBe('1');
    now.ms = 60_000;
    expect(await countedBy()).toBe('1 2 3');
  });

  test('counts anew where a sweep has another status, and where points of one that is over wait for their verdicts', async () => {
    const { now, list, countedBy } = scenario([rowOf(1, 'running')]);
    await countedBy();
    Object.assign(now, { rows: [rowOf(1, 'cancelled')], done: 2 });
    expect(await countedBy()).toBe('1');
    Object.assign(now, { ms: 1000, done: 4 });
    expect(await countedBy()).toBe('1');
    expect(await list()).toMatchObject([{ status: 'cancelled', size: 4, asked: 4, done: 4, best: 1.5 }]);
  });
});
