import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAccount } from '../../../../../src/agents/run/state/account.ts';
import type { Account } from '../../../../../src/agents/run/state/account.ts';
import { affords } from '../../../../../src/agents/run/state/limits.ts';
import type { Generation, GenerationState } from '../../../../../src/domain/campaign/campaign.ts';
import { asked, generation, idOf, judged, withCost } from '../../../../support/agents/generations.ts';

const MICROS_PER_USD = 1_000_000;
const TARGET = { problem: 'softmax', device: 'H100' };
const FAILED: GenerationState = { status: 'failed', failure: 'refused', message: 'no' };
const SUBMITTED: GenerationState = { status: 'submitted', candidateId: idOf(1), isFirst: true };

/** What may happen next: a question, an answer that costs a share of its reserve, one that never comes, a restart. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), reserve: fc.integer({ min: 1, max: 400_000 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Book {
  account: Account;
  readonly rows: Map<number, Generation>;
  /** What the service took. Of what is lost it may have taken all that was reserved. */
  billedMost: number;
}

const openRows = ({ rows }: Book): readonly Generation[] => [...rows.values()].filter(({ state }) => state.status === 'asked');

const move = (book: Book, before: Generation | null, after: Generation): void => {
  book.account.move(before, after);
  book.rows.set(after.number, after);
};

const act = (book: Book, budget: { readonly usd: number }, next: Step): void => {
  if (next.kind === 'ask') {
    if (!affords({ budget, account: book.account }, next.reserve)) return;
    move(book, null, asked(book.rows.size + 1, next.reserve));
    return;
  }
  if (next.kind === 'restart') {
    book.account = createAccount();
    for (const row of book.rows.values()) book.account.move(null, row);
    for (const row of openRows(book)) lose(book, row);
    return;
  }
  const open = openRows(book);
  const row = open[next.which % Math.max(1, open.length)];
  if (row?.state.status !== 'asked') return;
  if (next.kind === 'lose') {
    lose(book, row);
    return;
  }
  const micros = Math.floor(row.state.reservedMicros * next.share);
  book.billedMost += micros;
  move(book, row, withCost(row, next.which % 2 === 0 ? SUBMITTED : FAILED, micros));
};

const lose = (book: Book, row: Generation): void => {
  if (row.state.status !== 'asked') return;
  book.billedMost += row.state.reservedMicros;
  move(book, row, { ...row, state: { status: 'lost', reservedMicros: row.state.reservedMicros } });
};

describe('the account of a campaign', () => {
  test('keeps what is spent and reserved within the budget, in whatever order answers come, are lost, or the daemon restarts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.integer({ min: 1, max: 300 }), (steps, cents) => {
        const budget = { usd: cents / 100 };
        const limit = Math.round(budget.usd * MICROS_PER_USD);
        const book: Book = { account: createAccount(), rows: new Map(), billedMost: 0 };
        for (const next of steps) {
          act(book, budget, next);
          const { spentMicros, reservedMicros } = book.account;
          expect(spentMicros + reservedMicros).toBeLessThanOrEqual(limit);
          expect(spentMicros).toBe(book.billedMost);
          expect(reservedMicros).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('counts the same from the rows at the end as from each step', () => {
    const [live, replayed] = [createAccount(), createAccount()];
    const first = asked(1, 500);
    const answered = withCost(first, SUBMITTED, 300);
    const done = { ...judged(1, 1.5), usage: answered.usage };
    for (const [before, after] of [
      [null, first],
      [first, answered],
      [answered, done],
      [null, judged(2, null)],
    ] as const)
      live.move(before, after);
    for (const row of [done, judged(2, null)]) replayed.move(null, row);
    expect(live.byStatus).toEqual(replayed.byStatus);
    expect([live.spentMicros, live.reservedMicros, live.deviceMs, live.onDevice]).toEqual([300, 0, 200, 2]);
    expect([...live.byVerdict]).toEqual([...replayed.byVerdict]);
    expect(live.usage).toEqual(replayed.usage);
    expect(live.best(TARGET)).toEqual(replayed.best(TARGET));
  });

  test('knows the best of each problem, and the best it began with', () => {
    const account = createAccount();
    const other = { problem: 'matmul' };
    for (const row of [judged(1, 1, { move: 'seed' }), judged(2, 3), judged(3, 2), judged(4, null), judged(5, 9, other)])
      account.move(null, row);
    expect(account.best(TARGET)).toMatchObject({ candidateId: idOf(2), speedup: 3 });
    expect(account.startSpeedup(TARGET)).toBe(1);
    expect(account.best({ ...TARGET, ...other })?.speedup).toBe(9);
    expect(account.startSpeedup({ ...TARGET, ...other })).toBeNull();
    expect(account.best({ ...TARGET, problem: 'rmsnorm' })).toBeNull();
  });

  test('is led by who was timed to the end, however well one looked that was stopped early', () => {
    const account = createAccount();
    const estimated = judged(2, 9);
    if (estimated.state.status !== 'judged') throw new Error('it was judged');
    account.move(null, { ...estimated, state: { ...estimated.state, stoppedEarly: true } });
    expect(account.best(TARGET)).toMatchObject({ speedup: 9, stoppedEarly: true });
    account.move(null, judged(1, 2));
    expect(account.leaders(TARGET).map(({ speedup }) => speedup)).toEqual([2, 9]);
  });

  test('counts answers that came to nothing by why', () => {
    const account = createAccount();
    account.move(null, generation(1, FAILED));
    expect([[...account.byFailure], account.byStatus.failed]).toEqual([[['refused', 1]], 1]);
  });
});

describe('a verdict that was taken back', () => {
  test('counts no more: neither its time nor its place among the leaders; who is told again leads', () => {
    const account = createAccount();
    const [first, second] = [judged(1, 2, { move: 'seed' }), judged(2, 9, { move: 'seed' })];
    for (const row of [first, second]) account.move(null, row);
    const waiting = { ...second, state: { ...SUBMITTED, candidateId: idOf(2) } as GenerationState };
    account.move(second, waiting);
    expect(account.best(TARGET)?.speedup).toBe(2);
    expect(account.startSpeedup(TARGET)).toBe(2);
    expect(account.deviceMs).toBe(100);
    expect(account.byStatus).toMatchObject({ judged: 1, submitted: 1 });
    account.move(waiting, judged(2, 1.5, { move: 'seed' }));
    account.lead(first);
    expect(account.leaders(TARGET).map(({ speedup }) => speedup)).toEqual([2, 1.5]);
    expect(account.byVerdict).toEqual(new Map([['passed', 2]]));
  });
});
