import { expect, test } from 'vitest';
import { PLANS_TOLD_MAX } from '../../../src/domain/protocol.ts';
import { createToldPlans } from '../../../src/gpu/told-plans.ts';

const plansOf = (grid: number) => ({
  odd: {
    launches: [
      {
        kernel: 'k',
        grid: [grid, 1, 1] as [number, number, number],
        block: [32, 1, 1] as [number, number, number],
        cluster: null,
        shared: 0,
        args: [],
      },
    ],
    scratch: {},
  },
});

test('equal plans have one key and are new once, other plans have another', () => {
  const told = createToldPlans();
  const first = told.tell(plansOf(1));
  expect(first.isNew).toBe(true);
  expect(told.tell(plansOf(1))).toEqual({ key: first.key, isNew: false });
  expect(told.tell(plansOf(2))).toMatchObject({ isNew: true });
  expect(told.tell(plansOf(2)).key).not.toBe(first.key);
});

test('what was told on one connection is new on the next', () => {
  const plans = plansOf(1);
  createToldPlans().tell(plans);
  expect(createToldPlans().tell(plans).isNew).toBe(true);
});

test('only as many count as told as a runner keeps, the last ones', () => {
  const told = createToldPlans();
  for (let grid = 0; grid <= PLANS_TOLD_MAX; grid++) told.tell(plansOf(grid));
  expect(told.tell(plansOf(1)).isNew).toBe(false);
  expect(told.tell(plansOf(0)).isNew).toBe(true);
});
