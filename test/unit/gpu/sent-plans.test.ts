import { expect, test } from 'vitest';
import { PLANS_KEPT_MAX } from '../../../src/domain/protocol.ts';
import { createSentPlans } from '../../../src/gpu/sent-plans.ts';

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
  const sent = createSentPlans();
  const first = sent.keyOf(plansOf(1));
  expect(first.isNew).toBe(true);
  expect(sent.keyOf(plansOf(1))).toEqual({ key: first.key, isNew: false });
  expect(sent.keyOf(plansOf(2))).toMatchObject({ isNew: true });
  expect(sent.keyOf(plansOf(2)).key).not.toBe(first.key);
});

test('what was sent on one connection is new on the next', () => {
  const plans = plansOf(1);
  createSentPlans().keyOf(plans);
  expect(createSentPlans().keyOf(plans).isNew).toBe(true);
});

test('only as many count as sent as a runner keeps, the last ones', () => {
  const sent = createSentPlans();
  for (let grid = 0; grid <= PLANS_KEPT_MAX; grid++) sent.keyOf(plansOf(grid));
  expect(sent.keyOf(plansOf(1)).isNew).toBe(false);
  expect(sent.keyOf(plansOf(0)).isNew).toBe(true);
});
