import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createProgress } from '../../../../src/agents/report/progress.ts';
import type { Generation } from '../../../../src/domain/campaign/campaign.ts';
import { REPORTED } from '../../../fixtures/agents/report/campaign.ts';
import { generation, idOf } from '../../../support/agents/generations.ts';

const START = Date.parse(REPORTED.view.createdAt);
const PROBLEMS = ['softmax', 'rmsnorm'];

const judged = fc.record({
  ms: fc.integer({ min: 0, max: 20 }),
  speedup: fc.option(fc.integer({ min: 1, max: 9 })),
  problem: fc.constantFrom(...PROBLEMS),
});
const rowOf = ({ ms, speedup, problem }: { ms: number; speedup: number | null; problem: string }, index: number): Generation => ({
  ...generation(index + 1, {
    status: 'judged',
    candidateId: idOf(index),
    isFirst: true,
    verdict: speedup === null ? 'crashed' : 'passed',
    speedup,
    deviceMs: 1,
    isRecord: false,
  }),
  problem,
  updatedAt: new Date(START + ms).toISOString(),
});

/** All of them in memory, in the order of what happened. */
const plainly = (rows: readonly Generation[], problem: string) => {
  const own = rows
    .filter((row) => row.problem === problem)
    .toSorted((a, b) => a.updatedAt.localeCompare(b.updatedAt) || a.number - b.number);
  let best = 0;
  return own.flatMap(({ state, number }, index) => {
    const speedup = state.status === 'judged' ? (state.speedup ?? 0) : 0;
    if (speedup <= best) return [];
    best = speedup;
    return [{ number, speedup, judged: index + 1 }];
  });
};

test('improvements are those of all rows at once, in whatever order the rows come', () => {
  fc.assert(
    fc.property(fc.array(judged, { maxLength: 40 }), fc.nat(), (steps, turn) => {
      const rows = steps.map(rowOf);
      const progress = createProgress(REPORTED.view);
      const from = rows.length === 0 ? 0 : turn % rows.length;
      for (const row of [...rows.slice(from).toReversed(), ...rows.slice(0, from)]) progress.add(row);
      for (const { problem, improvements } of progress.series().slice(0, PROBLEMS.length)) {
        const seen = improvements.map(({ generation: { number }, speedup, judged: count }) => ({
          number,
          speedup,
          judged: count,
        }));
        expect(seen).toEqual(plainly(rows, problem));
      }
    }),
  );
});
