import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DistributionSpec, Problem } from '../../../src/domain/problem.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { lengthGaps } from '../../../src/problems/ragged-lengths.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));
const ragged = problems.get('grouped_gemm')?.problem as Problem;
const without = (parts: Partial<Pick<Problem, 'check' | 'bench'>>): readonly string[] => lengthGaps({ ...ragged, ...parts });
const bare = (cases: Problem['check']): Problem['check'] => cases.map((one) => ({ ...one, distributions: undefined }));

const keyed = (dtype: Problem['tensors'][string]['dtype'], sorted: boolean): readonly string[] => {
  const keys = {
    dtype,
    shape: ['tokens'],
    role: 'in',
    distribution: { kind: 'integers', low: 0, high: 'experts - 1', sorted },
  } as const;
  return lengthGaps({ ...ragged, tensors: { ...ragged.tensors, keys: { ...keys, shape: [...keys.shape] } } });
};

const derived = (shape: string, raw: DistributionSpec): readonly string[] => {
  const starts = {
    dtype: 'i32',
    shape: [shape],
    role: 'in',
    distribution: { kind: 'derived', low: 0, high: 'tokens' },
  } as const;
  const derive = { file: 'd.py', symbol: 'd', raw: { lengths: { dtype: 'i32', shape: ['experts + 1'], distribution: raw } } };
  const { check, bench } = ragged;
  return lengthGaps({
    ...ragged,
    check: bare(check),
    bench: { gpu: bare(bench.gpu), cpu: [] },
    tensors: { ...ragged.tensors, starts: { ...starts, shape: [...starts.shape] } },
    derive: derive as unknown as NonNullable<Problem['derive']>,
  }).filter((gap) => gap.includes('"starts"'));
};

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

  test('that follow from sorted keys change with each draw too, and are told', () => {
    expect(keyed('i32', true)).toEqual([
      'timed runs of unlike work: how often each number of "keys" comes is drawn anew for each (qwen3_30b_up, mixtral_8x7b_down_shard, qwen3_30b_down_decode, few_experts, many_experts); keys of segments whose lengths stay are derived from raw `offsets` with a `lengths_seed`',
    ]);
    expect([...keyed('i32', false), ...keyed('f32', true)]).toEqual([]);
  });

  test('of derived offsets are told where no raw offsets keep them', () => {
    const drawn: DistributionSpec = { kind: 'integers', low: 0, high: 9 };
    expect(derived('experts + 1', drawn)).toEqual([
      'timed runs of unlike work, where the derived "starts" are offsets of segments: their lengths follow from no raw `offsets` with a `lengths_seed` (qwen3_30b_up, mixtral_8x7b_down_shard, qwen3_30b_down_decode)',
    ]);
    expect(derived('tokens', drawn), 'such as an order').toEqual([]);
    expect(derived('experts + 1', { kind: 'offsets', total: 'tokens', lengths_seed: 7 })).toEqual([]);
  });
});
