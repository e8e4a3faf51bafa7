import { describe, expect, test } from 'vitest';
import type { Mismatch } from '../../../../src/domain/outcome.ts';
import type { Score } from '../../../../src/domain/ranking/ranking.ts';
import { basisText, modeText, rankedScoreText, reasonText, scoreText, WHOLE } from '../../../../src/domain/text/describe.ts';

const said = (mismatch: Mismatch) => reasonText({ verdict: 'wrong_answer', case: 'small', stage: 'timed_run', mismatch });

describe('a score in the order of the ranking', () => {
  const score: Score = {
    speedup: 1.5,
    speedupLow: 1.47,
    speedupHigh: 1.53,
    timeNs: 73_000,
    floorShare: 0.5,
    rankKey: 1.5,
    deviceModel: 'NVIDIA H100 80GB HBM3',
    confirmed: true,
    method: 'paired',
    judgements: 1,
    pair: null,
  };

  test('says what it ranks as only where a pair moved it', () => {
    expect(rankedScoreText(score)).toBe('1.50x [1.47, 1.53]  73.0 µs  50 % of the floor');
    expect(rankedScoreText({ ...score, rankKey: 1.8 })).toBe('1.50x [1.47, 1.53]  73.0 µs  50 % of the floor  ranks as 1.80x');
  });
});

test('an attempt of a program says which of the two was judged', () => {
  expect(modeText({ mode: 'screen' })).toBe('screen');
  expect(modeText({ mode: 'confirm', judgedBy: 'recording' })).toBe('confirm, by its recording');
});

describe('a score of a program by its answers', () => {
  const answers = { semantics: 'released', uncertaintyNs: 8_400, share: 0.03 } as const;
  const byAnswers: Score = {
    speedup: 1.5,
    speedupLow: 1.4,
    speedupHigh: 1.6,
    timeNs: 300_000,
    floorShare: null,
    rankKey: 1.5,
    deviceModel: 'NVIDIA H100 80GB HBM3',
    confirmed: false,
    method: 'cached',
    judgements: 1,
    pair: null,
    answers,
  };

  test('says what its time is, what that leaves open, and how it was called', () => {
    expect(scoreText(byAnswers)).toBe('1.50x [1.40, 1.60]  time to answers 300 µs ± 8.40 µs, released');
    expect(basisText(byAnswers)).toBe('cached, by answers (released)');
    const short = { ...byAnswers, timeNs: 15_000, answers: { ...answers, semantics: 'call', tooShort: true } } as const;
    expect(scoreText(short)).toBe('1.50x [1.40, 1.60]  time to answers 15.0 µs ± 8.40 µs, call; too short to be ranked');
  });
});

describe('reasons', () => {
  test('are short where they stand beside others, and whole where there is room', () => {
    const outcome = { verdict: 'infra_failed' as const, message: 'y'.repeat(900) };
    expect(reasonText(outcome)).toMatch(/^y{199}…$/);
    expect(reasonText(outcome, WHOLE)).toBe(outcome.message);
  });

  test('a compile error shows its first error line, not the notes before it', () => {
    const log = 'In file included from x.c:1:\nx.c:2: note: here\nx.c:3:5: error: unknown type\u001b[0m name\nmore';
    expect(reasonText({ verdict: 'compile_error', log })).toBe('x.c:3:5: error: unknown type name');
    expect(reasonText({ verdict: 'compile_error', log: '' })).toBe('no message from the compiler');
  });

  test('a wrong answer shows where, what came and what should have', () => {
    const mismatch = { tensor: 'out', index: 6, expected: '1.5', actual: 'nan', mismatches: 1, elements: 7, relativeL2: 'nan' };
    expect(reasonText({ verdict: 'wrong_answer', case: 'small', stage: 'check', mismatch })).toBe(
      'case small: out[6] is nan, not 1.5 (1 of 7 elements; nan is what stands there until it is written: was it, and does the plan pass every argument in order?)',
    );
    expect(reasonText({ verdict: 'wrong_answer', case: 'small', stage: 'check', mismatch: { ...mismatch, actual: '2' } })).toBe(
      'case small: out[6] is 2, not 1.5 (1 of 7 elements)',
    );
  });

  test('a wrong answer of a problem that checks outputs by itself says what of them does not hold', () => {
    const found = { tensor: 'q', index: 0, expected: '', actual: '', mismatches: 1, elements: 3, relativeL2: '' };
    expect(said({ ...found, rule: 'check', error: 'orthogonal' })).toBe(
      "case small, in a timed run: the problem's own check says that orthogonal does not hold (1 of 3 rules)",
    );
    expect(said({ ...found, rule: 'finite', error: '' })).toBe(
      'case small, in a timed run: q holds NaN or an infinity, and results of this problem are finite',
    );
    const numbers = { expected: '1', actual: '2', rule: 'repeat' as const, error: '1', limit: '0.001' };
    expect(said({ ...found, ...numbers })).toBe(
      'case small, in a timed run: q[0] is 2, not 1 (called again on the same inputs it returns 1, which is 1 off, and the tolerance allows 0.001; 1 of 3 elements)',
    );
  });

  test('a write out of bounds shows on which side, and how far away', () => {
    const outcome = { verdict: 'out_of_bounds', case: 'small', tensor: 'out', side: 'after', distanceBytes: 0 } as const;
    expect(reasonText(outcome)).toBe('case small: wrote outside out, right after its end');
    expect(reasonText({ ...outcome, side: 'before', distanceBytes: 8 })).toBe(
      'case small: wrote outside out, 8 bytes before its start',
    );
  });

  test('a timeout names its stage and limit', () => {
    expect(reasonText({ verdict: 'timed_out', stage: 'check', case: 'small', limitMs: 8000 })).toBe(
      'case small: no end of check in 8.00 s',
    );
  });

  test('a wrong answer names the rule that it missed, with what was allowed', () => {
    const found = { tensor: 'out', index: 6, expected: '1.5', actual: '2', mismatches: 1, elements: 7, relativeL2: '0.1' };
    const described = (rule: 'element' | 'norm' | 'index') =>
      reasonText({
        verdict: 'wrong_answer',
        case: 'small',
        stage: 'check',
        mismatch: { ...found, mismatches: rule === 'norm' ? 0 : 1, rule, error: '0.5', limit: '0.25' },
      });
    expect(described('element')).toBe(
      'case small: out[6] is 2, not 1.5 (off by 0.5, atol + rtol * |ref| allows 0.25; 1 of 7 elements)',
    );
    expect(described('index')).toBe('case small: out[6] is 2, not 1.5 (0.5: 0.25; 1 of 7 elements)');
    expect(described('norm')).toBe(
      'case small: out[6] is 2, not 1.5 (||out - ref|| is 0.5, relative_l2 * ||ref|| + atol * sqrt(elements) allows 0.25; no element misses its own tolerance, this one is worst)',
    );
  });

  test('an access out of bounds says whether it read or wrote', () => {
    const outcome = { verdict: 'out_of_bounds', case: 'small', tensor: 'out', side: 'after', distanceBytes: 0 } as const;
    expect(reasonText({ ...outcome, access: 'read' })).toBe('case small: read outside out, right after its end');
    expect(reasonText({ ...outcome, access: 'write' })).toBe('case small: wrote outside out, right after its end');
  });
});
