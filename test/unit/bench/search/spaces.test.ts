import { describe, expect, test } from 'vitest';
import { knownSpace, knownSpaces } from '../../../../bench/search/recorded-space.ts';
import { replay } from '../../../../bench/search/replay.ts';
import { createStrategy } from '../../../../src/sweeps/strategies/create-strategy.ts';

const SMALL = knownSpace('small', {
  kind: 'synthetic',
  note: 'of a test',
  device: 'none',
  axes: { A: [1, 2, 3], B: [1, 2] },
  where: ['A * B < 6'],
  speedups: [1, 2, null, 4, 3, null],
  verdicts: { passed: 4, crashed: 1 },
});

describe('recorded spaces', () => {
  test.each(knownSpaces().map((known) => [known.name, known] as const))('%s has a verdict for each of its points', (_, known) => {
    const { recorded, space, valid, valueOf } = known;
    expect(recorded.speedups).toHaveLength(space.size);
    const counted = Object.values(recorded.verdicts).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(valid.length);
    expect(valid.filter((point) => valueOf(point) !== null)).toHaveLength(recorded.verdicts['passed'] ?? 0);
    expect(recorded.kind === 'synthetic').toBe(known.name.startsWith('synthetic-'));
  });

  test('a replay shows the best after each verdict, and goes no further than the space', () => {
    const strategy = createStrategy('grid', { space: SMALL.space, seed: 1, planned: 5, asked: [] });
    expect(replay(strategy, SMALL, 7)).toEqual([0, Math.log(2), Math.log(2), Math.log(4), Math.log(4), Math.log(4), Math.log(4)]);
  });
});
