import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BAD, badPath, seedPath, submitHonest, submitRest, TUNING } from '../../../../src/cli/demo/demo-work.ts';
import { parseHeader } from '../../../../src/problems/parse-header.ts';

describe.each(['cpu', 'gpu'] as const)('the demo on a %s', (target) => {
  const points = TUNING[target].map(({ space }) =>
    Object.values(space ?? {}).reduce((product, values) => product * values.length, 1),
  );

  test('tunes two problems with at least 24 candidates in all', () => {
    expect(new Set(TUNING[target].map(({ problem }) => problem)).size).toBe(2);
    expect(points.reduce((sum, count) => sum + count, 0) + Object.keys(BAD).length).toBeGreaterThanOrEqual(24);
  });

  test.each(TUNING[target])('$problem/$seed has the params that are tried', (tuning) => {
    const header = parseHeader(readFileSync(seedPath(tuning), 'utf8'), target === 'cpu' ? 'c' : 'cuda');
    expect(header.ok && Object.keys(header.plan.params)).toEqual(expect.arrayContaining(Object.keys(tuning.space ?? {})));
  });

  test.each(Object.keys(BAD))('%s says that it is bad on purpose', (name) => {
    expect(readFileSync(badPath(name, target), 'utf8')).toContain('Wrong on purpose');
  });
});

test('an honest candidate of each problem is submitted before any that is bad', async () => {
  const submitted: string[] = [];
  const client = {
    submit: async ([wanted]: readonly { readonly source: string; readonly problem: string }[]) => {
      submitted.push(wanted?.source.includes('Wrong on purpose') ? 'bad' : (wanted?.problem ?? ''));
      return Promise.resolve({ candidates: [] });
    },
    createSweep: async ({ candidate }: { readonly candidate: { readonly problem: string } }) => {
      submitted.push(candidate.problem);
      return Promise.resolve({ id: 's' });
    },
    sweep: async () => Promise.resolve({ size: 0, asked: 0, status: 'done' }),
    sweepPoints: async () => Promise.resolve({ points: [] }),
  } as unknown as Parameters<typeof submitHonest>[0];
  await submitHonest(client, { target: 'cpu', device: 'cpu' });
  expect(submitted).toEqual(['vector_add', 'softmax']);
  await submitRest(client, { target: 'cpu', device: 'cpu' });
  const bad = Object.keys(BAD).map(() => 'bad');
  expect(submitted.slice(2)).toEqual([...bad, 'vector_add', 'vector_add', 'softmax']);
});
