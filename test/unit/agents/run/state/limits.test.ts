import { describe, expect, test } from 'vitest';
import { createAccount } from '../../../../../src/agents/run/state/account.ts';
import { affords, allowedBy } from '../../../../../src/agents/run/state/limits.ts';
import type { Standing } from '../../../../../src/agents/run/state/limits.ts';
import type { Generation } from '../../../../../src/domain/campaign/campaign.ts';
import { asked, generation, idOf, judged } from '../../../../support/agents/generations.ts';

const accountOf = (...rows: readonly Generation[]) => {
  const account = createAccount();
  for (const row of rows) account.move(null, row);
  return account;
};
const standing = (wish: Partial<Standing>): Standing => ({
  budget: { minutes: 1000 },
  account: accountOf(),
  ranMs: 0,
  reserveMicros: 0,
  preparing: 0,
  ...wish,
});
const waiting = (number: number): Generation =>
  generation(number, { status: 'submitted', candidateId: idOf(number), isFirst: true });

describe('the limits of a campaign', () => {
  test('let it go on while nothing is used up', () => {
    expect(allowedBy(standing({ budget: { usd: 1, gpuMinutes: 1, candidates: 1, minutes: 1 }, reserveMicros: 1e6 }))).toEqual({
      kind: 'go',
    });
  });

  test('count candidates that are being written, so that no more are made than asked for', () => {
    const budget = { candidates: 3 };
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2)) })).kind).toBe('go');
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2)), preparing: 1 })).kind).toBe('hold');
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2), asked(3, 0)) })).kind).toBe('hold');
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2), waiting(3)) })).kind).toBe('over');
  });

  test('count the device time of what is outstanding by the mean of what was judged', () => {
    const budget = { gpuMinutes: 0.005 };
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2)) })).kind).toBe('go');
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), waiting(2), waiting(3)) })).kind).toBe('hold');
    expect(allowedBy(standing({ budget, account: accountOf(judged(1, 1), judged(2, 1), judged(3, null)) })).kind).toBe('over');
  });

  test('hold while requests on their way may leave enough money, and end when they cannot', () => {
    const budget = { usd: 0.29 };
    const paid = generation(1, { status: 'lost', reservedMicros: 200_000 });
    expect(affords({ budget, account: accountOf(paid) }, 90_000)).toBe(true);
    expect(affords({ budget, account: accountOf(paid) }, 90_001)).toBe(false);
    expect(allowedBy(standing({ budget, account: accountOf(paid, asked(2, 50_000)), reserveMicros: 60_000 })).kind).toBe('hold');
    const over = allowedBy(standing({ budget, account: accountOf(paid), reserveMicros: 100_000 }));
    expect(over).toEqual({ kind: 'over', reason: '$0.2000 of $0.2900 are spent, and the next request may cost up to $0.1000' });
  });

  test('never let money be spent that no budget speaks of', () => {
    expect(affords({ budget: { minutes: 1 }, account: accountOf() }, 1)).toBe(false);
    expect(allowedBy(standing({ reserveMicros: 1 })).kind).toBe('over');
  });

  test('end by the clock, also while something else only holds', () => {
    const budget = { minutes: 0.5, candidates: 1 };
    const account = accountOf(asked(1, 0));
    expect(allowedBy(standing({ budget, account, ranMs: 29_999 })).kind).toBe('hold');
    expect(allowedBy(standing({ budget, account, ranMs: 30_000 }))).toEqual({
      kind: 'over',
      reason: 'the 30.0 s of the budget are over',
    });
  });
});
