import { expect, test } from 'vitest';
import { tallyBy } from '../../../../src/dashboard/model/generation-tally.ts';
import { lineageOf } from '../../../../src/dashboard/model/lineage.ts';
import { Generation } from '../../../../src/domain/campaign/campaign.ts';

const AT = '2026-01-02T03:04:05.000Z';
const id = (number: number): string => `c-${String(number).padStart(32, '0')}`;
const judged = (number: number, speedup: number | null, own: object = {}): Generation =>
  Generation.parse({
    id: `k-${'0'.repeat(16)}.${number}`,
    campaignId: `k-${'0'.repeat(16)}`,
    number,
    agent: 0,
    generator: 'evolve',
    problem: 'softmax',
    device: 'cpu',
    move: 'improve',
    island: 0,
    parents: [],
    idea: '',
    usage: { inputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 0, micros: 0 },
    state: {
      status: 'judged',
      candidateId: id(number),
      isFirst: true,
      verdict: speedup === null ? 'wrong_answer' : 'passed',
      speedup,
      deviceMs: 1,
      isRecord: false,
    },
    askedAt: AT,
    updatedAt: AT,
    ...own,
  });

test('each candidate stands under the first of its parents, the way to the best first', () => {
  const generations = [
    judged(1, 1, { move: 'seed' }),
    judged(2, 3, { parents: [id(1)] }),
    judged(3, 2, { parents: [id(1)] }),
    judged(4, 4, { parents: [id(3), id(2)] }),
    judged(5, null, { parents: [id(99)] }),
  ];
  const [root, orphan] = lineageOf(generations, new Set([id(1), id(3), id(4)]));
  expect(root?.children.map((child) => child.id)).toEqual([id(3), id(2)]);
  expect(root?.children[0]?.children.map((child) => child.id)).toEqual([id(4)]);
  expect(orphan?.id).toBe(id(5));
});

test('what worked is counted by move: passed, better than all before, best', () => {
  const generations = [judged(1, 1, { move: 'seed' }), judged(2, 1.5), judged(3, 1.2), judged(4, null), judged(5, 2)];
  expect(tallyBy(generations, ({ move }) => move)).toEqual([
    { key: 'improve', judged: 4, passed: 3, improved: 2, records: 0, best: 2 },
    { key: 'seed', judged: 1, passed: 1, improved: 1, records: 0, best: 1 },
  ]);
});
