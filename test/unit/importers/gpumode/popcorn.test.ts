import { describe, expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import { popcornText } from '../../../../src/importers/gpumode/popcorn.ts';

const item = (name: string, n: number) => ({ name, shape: { n }, timed: true });
const PROBLEM = {
  check: [item('one', 1), item('odd', 1003)],
  bench: { gpu: [item('64K', 65_536), item('16M', 16_777_216)], cpu: [item('small', 16)] },
};
const text = (outcome: Outcome): readonly string[] =>
  popcornText(
    {
      id: CandidateId.parse(`c-${'1'.repeat(32)}`),
      state: { status: 'done', outcome, finishedAt: '2026-01-02T03:04:05.000Z' },
    },
    PROBLEM,
  )
    .trimEnd()
    .split('\n');
const crashed = (where: string): Outcome => ({ verdict: 'crashed', case: where, message: 'it ended by a signal' });

describe('a failure in the lines of GPU MODE', () => {
  test('in a case that is checked is that of its test', () => {
    expect(text(crashed('odd'))).toEqual([
      'test-count: 2',
      'test.1.spec: n: 1003',
      'test.1.status: fail',
      expect.stringMatching(/^test\.1\.error: crashed: /u),
      'check: fail',
    ]);
  });

  test.each([
    ['16M', 2, 1, 16_777_216],
    ['small', 1, 0, 16],
  ])('in the timed case %s is that of its benchmark', (name, count, index, n) => {
    expect(text(crashed(name))).toEqual([
      'test-count: 2',
      `benchmark-count: ${count}`,
      `benchmark.${index}.spec: n: ${n}`,
      `benchmark.${index}.status: fail`,
      expect.stringMatching(new RegExp(`^benchmark\\.${index}\\.error: crashed: `, 'u')),
      'check: fail',
    ]);
  });

  test('in no case is that of the first test', () => {
    expect(text({ verdict: 'compile_error', log: 'no such type' }).slice(0, 3)).toEqual([
      'test-count: 2',
      'test.0.spec: n: 1',
      'test.0.status: fail',
    ]);
  });
});
