import { expect, test } from 'vitest';
import { createVerdictLines } from '../../../../src/cli/demo/verdict-lines.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import { passed, score } from '../../../support/builders.ts';

const judged = (problem: string, outcome: Outcome, speedup: number | null = null) => ({
  submission: { problem, params: { WIDTH: 4 } },
  state: { status: 'done' as const, outcome, finishedAt: '2026-01-02T03:04:05.000Z' },
  score: speedup === null ? null : { ...score(1), speedup },
});

test('the demo says who passed with more than all of its problem before, what was caught, and nothing of others', () => {
  const lineOf = createVerdictLines();
  expect([
    lineOf(judged('scale', passed, 1.5), 'a.c'),
    lineOf(judged('scale', { verdict: 'crashed', case: 'one', message: 'no' }), 'crash.c'),
    lineOf(judged('scale', passed, 1.2), 'b.c'),
    lineOf(judged('other', passed, 1.2), 'b.c'),
    lineOf(judged('scale', passed, 2), 'c.c'),
  ]).toEqual([
    'scale: a.c WIDTH=4 passed with 1.50x, the most so far',
    'scale: crash.c WIDTH=4 is not ranked: crashed',
    null,
    'other: b.c WIDTH=4 passed with 1.20x, the most so far',
    'scale: c.c WIDTH=4 passed with 2.00x, the most so far',
  ]);
});
