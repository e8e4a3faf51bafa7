import { expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { SweepId } from '../../../../src/domain/ids.ts';
import { SweepSpec } from '../../../../src/domain/sweep/sweep.ts';
import { endOf } from '../../../../src/sweeps/run/limits.ts';
import { createRun, type SweepRun } from '../../../../src/sweeps/run/sweep-run.ts';

/** Its strategy found no more points after `asked`. */
const usedUp = (asked: number, validPoints: number | null): SweepRun => {
  const spec = SweepSpec.parse({
    name: '',
    axes: { A: [1, 2, 3, 4], B: [1, 2, 3, 4] },
    where: ['A <= B'],
    fixed: {},
    strategy: 'grid',
    seed: 1,
    maxRunning: null,
    budget: {},
    plateau: null,
    validPoints,
  });
  const record = {
    id: SweepId.parse(`s-${'a'.repeat(16)}`),
    problem: 'scale',
    device: 'cpu',
    submitter: 'ada',
    createdAt: '2026-01-01T00:00:00.000Z',
    status: 'running',
    reason: null,
    ranMs: 0,
    spec,
  } as const;
  const run = createRun(record, SubmitCandidate.parse({ problem: 'scale', source: 'x' }));
  return Object.assign(run, { asked, isUsedUp: true });
};

test('that every point was tried is said only where it is so', () => {
  expect(endOf(usedUp(10, 10), 0)).toBe('every point of the space was tried');
  expect(endOf(usedUp(3, 10), 0)).toMatch(
    /^no further point that its conditions allow was found after 3 of 10 that are allowed: /u,
  );
  expect(endOf(usedUp(3, null), 0)).toMatch(/^no further point that its conditions allow was found after 3 of 16 points: /u);
});
