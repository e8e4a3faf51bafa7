import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BAD, badPath, seedPath, TUNING } from '../../../../src/cli/demo/demo-work.ts';
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
