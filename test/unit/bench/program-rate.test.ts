import { expect, test } from 'vitest';
import { rateOf, rateRow } from '../../../bench/gpu/program-rate-figures.ts';
import type { FinishedAttempt } from '../../../src/domain/attempt.ts';
import { attempt, passed, score } from '../../support/builders.ts';

const PHASES = { waitedMs: 0, idleGapMs: 0, loadMs: 1, checkMs: 2, measureMs: 5, lockMs: 0, totalMs: 10 };

const judged = (second: number, phases: readonly FinishedAttempt['phases'][]) => ({
  state: { status: 'done' as const, outcome: passed, finishedAt: new Date(Date.UTC(2026, 0, 1) + 1000 * second).toISOString() },
  attempts: phases.map((one, number) => attempt(second, number + 1, { phases: one })),
  score: score(1),
});

test('a rate is from the first verdict to the last, and what one takes is all that its attempts took', () => {
  const infra = { ...PHASES, measureMs: 0, totalMs: 20 };
  const waiting = { state: { status: 'queued' as const }, attempts: [], score: null };
  const rate = rateOf([judged(0, [PHASES]), judged(1, [infra, PHASES]), judged(2, [null, PHASES]), waiting]);
  expect(rate).toEqual({ passed: 3, of: 4, perSecond: 1, judgedMs: 10, timedShare: 15 / 50 });
  expect(rateRow('programs', rate)).toEqual(['programs', '3 of 4', '1.0', '10.0 ms', '30 %']);
});
