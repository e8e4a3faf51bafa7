import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import type { Params } from '../../../src/domain/plan/plan.ts';

const scale = loadProblem(join(import.meta.dirname, '../../fixtures/problems/scale'));

/** `remark` makes it another header, of which nothing is known. */
const sourceWith = (remark: string): string => `/* kiln
# ${remark}
params: {BLOCK: 256, VEC: 1, UNROLL: 4, TYPE: float, EXTRA: 0, FACTOR: 2}
constraints: [UNROLL <= 8]
let: {blocks: "ceil_div(n, BLOCK * VEC)"}
launch:
  - kernel: scale
    when: 'TYPE == "float" or n > 1'
    grid: [blocks]
    block: [BLOCK]
    args: [x, y, factor, n]
scratch: {partial: "4 * FACTOR * n"}
*/
`;

const resolved = (remark: string, params: Params) =>
  resolveCandidate(scale, {
    target: 'gpu',
    architecture: 'sm_90a',
    content: { language: 'cuda', source: sourceWith(remark), params },
  });

const plansOrRefusal = (result: ReturnType<typeof resolved>) => (result.ok ? result.plans : result.outcome);

const plansOf = (remark: string, params: Params) => {
  const result = resolved(remark, params);
  if (!result.ok) throw new Error(`${result.outcome.field}: ${result.outcome.message}`);
  return result.plans;
};

test('points that are launched alike have the same plans, others have not', () => {
  const plans = plansOf('one', { BLOCK: 128, EXTRA: 1 });
  expect(plansOf('one', { BLOCK: 128, EXTRA: 2, UNROLL: 8 })).toBe(plans);
  expect(plansOf('one', { BLOCK: 64, EXTRA: 1 })).not.toEqual(plans);
  expect(plansOf('one', { BLOCK: 128, EXTRA: 1, FACTOR: 3 })).not.toEqual(plans);
});

test('a param that begins a line of an expression counts', () => {
  const source = `/* kiln
params: {BLOCK: 256, NARROW: 1}
launch:
  - kernel: scale
    grid:
      - |-
        ceil_div(n,
        BLOCK)
    block: [64]
    args: [x, y, factor, n]
*/
`;
  const gridOf = (block: number) => {
    const content = { language: 'cuda', source, params: { BLOCK: block } } as const;
    const result = resolveCandidate(scale, { target: 'gpu', architecture: 'sm_90a', content });
    return result.ok && result.plans['odd']?.launches[0]?.grid[0];
  };
  expect([64, 128].map(gridOf)).toEqual([16, 8]);
});

test('each point has the plans that it would have alone', () => {
  let alone = 0;
  fc.assert(
    fc.property(
      fc.record({
        BLOCK: fc.constantFrom(32, 64, 2048),
        VEC: fc.constantFrom(1, 2, 0),
        UNROLL: fc.constantFrom(1, 8, 9),
        TYPE: fc.constantFrom('float', 'double', 1),
        EXTRA: fc.nat(3),
        FACTOR: fc.constantFrom(1, 2),
      }),
      (params) => {
        alone += 1;
        expect(plansOrRefusal(resolved('shared', params))).toEqual(plansOrRefusal(resolved(`alone ${alone}`, params)));
      },
    ),
    { numRuns: 300 },
  );
});
