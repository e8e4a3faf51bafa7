/** A sweep that may go on for longer. Pure. */
import { KilnError } from '../domain/errors.ts';
import { BUDGET_MAX, type SweepBudget, type SweepSpec } from '../domain/sweep/sweep.ts';
import { grouped } from '../domain/text/units.ts';

/** `reported`: verdicts so far. A plateau is looked for anew. Throws INVALID_REQUEST where the budget would be larger than one may be. */
export const withMore = (spec: SweepSpec, more: SweepBudget, reported: number): SweepSpec => ({
  ...spec,
  budget: extended(spec.budget, more),
  plateau: spec.plateau && { ...spec.plateau, after: reported },
});

/** What had no limit has none afterwards. */
const extended = (budget: SweepBudget, more: SweepBudget): SweepBudget => ({
  ...budget,
  ...Object.fromEntries(
    (['candidates', 'gpuSeconds', 'minutes'] as const).flatMap((name) => {
      const [limit, added] = [budget[name], more[name]];
      return limit === undefined || added === undefined ? [] : [[name, checkedSum(name, limit + added)]];
    }),
  ),
});

const checkedSum = (name: keyof typeof BUDGET_MAX, sum: number): number => {
  if (sum <= BUDGET_MAX[name]) return sum;
  throw new KilnError(
    'INVALID_REQUEST',
    `${name}: with what it has, ${grouped(sum)}: at most ${grouped(BUDGET_MAX[name])}. Extend it by less`,
    { details: { field: name } },
  );
};
