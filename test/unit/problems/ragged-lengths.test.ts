import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../../src/domain/problem.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { lengthGaps } from '../../../src/problems/ragged-lengths.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));
const ragged = problems.get('grouped_gemm')?.problem as Problem;
const without = (parts: Partial<Pick<Problem, 'check' | 'bench'>>): readonly string[] => lengthGaps({ ...ragged, ...parts });
const bare = (cases: Problem['check']): Problem['check'] => cases.map((one) => ({ ...one, distributions: undefined }));

describe('lengths of ragged segments', () => {
  test.each([...problems.keys()])('of %s stay in timed runs, and others are met', (name) => {
    expect(lengthGaps(problems.get(name)?.problem as Problem)).toEqual([]);
  });

  test('that change from one timed run to the next are told, with the cases', () => {
    const [gap, ...others] = without({ bench: { gpu: bare(ragged.bench.gpu), cpu: ragged.bench.cpu } });
    expect(gap).toBe(
      'timed runs of unlike work: lengths of "starts" are drawn anew for each (qwen3_30b_up, mixtral_8x7b_down_shard, qwen3_30b_down_decode); `lengths_seed` keeps them',
    );
    expect(others).toEqual([]);
  });

  test('that are all a timed shape ever meets are told', () => {
    const told = 'no check case whose own `distributions` draw other lengths of "starts"';
    expect(without({ check: ragged.check.filter(({ name }) => name !== 'any_lengths') }).join()).toContain(told);
    const untimed = ragged.check.map((one) => (one.name === 'any_lengths' ? { ...one, timed: false } : one));
    expect(without({ check: untimed }).join()).toContain(told);
  });
});
