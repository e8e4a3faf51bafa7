import { describe, expect, test } from 'vitest';
import { FAILURE_CHARS_MAX, failureOf } from '../../../../src/domain/text/failure-text.ts';
import { aroundFirstError } from '../../../../src/domain/text/log-excerpt.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import { PASSED, problems, candidateOf } from '../../../support/agents/fake-judging.ts';

const problemOf = (name: string) => {
  const found = problems.get(name);
  if (!found) throw new Error(`no problem ${name}`);
  return found.problem;
};
const messageOf = (outcome: Outcome, problem = 'vector_add'): string | undefined =>
  failureOf(candidateOf(1, outcome), problemOf(problem))?.message;

const WRONG = {
  verdict: 'wrong_answer',
  case: 'odd',
  stage: 'check',
  mismatch: {
    tensor: 'out',
    index: 17,
    expected: '0.5',
    actual: 'nan',
    mismatches: 3,
    elements: 1_000_003,
    relativeL2: '0.25',
  },
} as const satisfies Outcome;

describe('what went wrong', () => {
  test('is nothing for one that passed and for one that is not judged yet', () => {
    expect(failureOf(candidateOf(1, PASSED), problemOf('vector_add'))).toBeNull();
    expect(failureOf({ ...candidateOf(1, PASSED), state: { status: 'queued' } }, problemOf('vector_add'))).toBeNull();
  });

  test('names case, shape, place and both values of a wrong answer', () => {
    expect(messageOf(WRONG)).toBe(
      'case odd (n=1000003), in its check: first wrong element out[17] (flat index 17): expected 0.5, got nan; 3 of 1000003 elements; ||out - ref|| / ||ref|| is 0.25',
    );
    expect(messageOf({ ...WRONG, stage: 'timed_run' })).toContain('in a timed run, although the check before it passed');
  });

  test('gives the place in each dimension', () => {
    const { tensors, check } = problemOf('softmax');
    const [first] = check;
    const cols = first?.shape['cols'] ?? 0;
    expect(tensors['out']?.shape).toEqual(['rows', 'cols']);
    const mismatch = { ...WRONG.mismatch, index: cols - 1 };
    expect(messageOf({ ...WRONG, case: first?.name ?? '', mismatch }, 'softmax')).toContain(`out[0][${cols - 1}]`);
    const rows = check.find(({ shape }) => (shape['rows'] ?? 0) > 2 && (shape['cols'] ?? 0) > 5);
    const index = 2 * (rows?.shape['cols'] ?? 0) + 5;
    const later = { ...WRONG, case: rows?.name ?? '', mismatch: { ...WRONG.mismatch, index } };
    expect(messageOf(later, 'softmax')).toContain('out[2][5]');
  });

  test('names the rule of a check of the problem’s own that does not hold', () => {
    const mismatch = { ...WRONG.mismatch, mismatches: 1, elements: 2, rule: 'check' as const, error: 'orthogonal' };
    expect(messageOf({ ...WRONG, mismatch })).toBe(
      "case odd (n=1000003), in its check: the problem's own check says that orthogonal does not hold (1 of 2 rules)",
    );
  });

  test('keeps the flat index where the case is not known any more', () => {
    expect(messageOf({ ...WRONG, case: 'gone' })).toContain('case gone, in its check: first wrong element out (flat index 17)');
  });

  test.each<[Outcome, string]>([
    [{ verdict: 'plan_error', field: 'launch[0].grid', message: 'no name "m"' }, 'launch[0].grid: no name "m"'],
    [{ verdict: 'modified_input', case: 'odd', tensor: 'a' }, 'case odd (n=1000003): the input a was written to'],
    [
      { verdict: 'out_of_bounds', case: 'one', tensor: 'out', side: 'after', distanceBytes: 4 },
      'case one (n=1): memory after out was written to, 4 bytes from its edge',
    ],
    [{ verdict: 'crashed', case: '', message: 'no context' }, 'before the first case: no context'],
    [{ verdict: 'crashed', case: 'one', message: 'illegal address' }, 'case one (n=1): illegal address'],
    [{ verdict: 'timed_out', stage: 'check', case: 'one', limitMs: 500 }, 'case one (n=1), in its check: not done after 500 ms'],
    [{ verdict: 'implausible', case: '4M', medianNs: 1, floorNs: 2, message: 'too fast' }, 'case 4M (n=4194304): too fast'],
    [{ verdict: 'timed_out', stage: 'compile', case: '', limitMs: 500 }, 'compiling: not done after 500 ms'],
    [{ verdict: 'infra_failed', message: 'host lost' }, 'host lost'],
    [{ verdict: 'cancelled' }, 'cancelled before it was judged'],
  ])('is told for $verdict', (outcome, message) => {
    expect(failureOf(candidateOf(1, outcome), problemOf('vector_add'))).toEqual({ verdict: outcome.verdict, message });
  });

  test('is cut to its limit around the first error', () => {
    const warnings = Array.from({ length: 1000 }, (_, n) => `k.cu(${n}): warning: unused`).join('\n');
    const log = `${warnings}\nk.cu(9): error: expected a ";"\n${warnings}`;
    const message = messageOf({ verdict: 'compile_error', log }) ?? '';
    expect(message.length).toBeLessThanOrEqual(FAILURE_CHARS_MAX);
    expect(message).toContain('k.cu(9): error: expected a ";"');
    expect(message).toMatch(/^\[… \d+ characters cut …\]\nk\.cu\(997\): warning/);
    expect(message).toMatch(/characters cut …\]$/);
  });
});

describe('a log excerpt', () => {
  const MAX = 300;

  test('is the whole log where it fits', () => {
    expect(aroundFirstError(' error: x \n', MAX)).toBe('error: x');
  });

  test('begins at the start where no line says error', () => {
    expect(aroundFirstError('a'.repeat(1000), MAX)).toMatch(/^a+\n\[… \d+ characters cut …\]$/);
  });

  test('begins at the start where the error is in the first line', () => {
    expect(aroundFirstError(`error: x\n${'b\n'.repeat(1000)}`, MAX)).toMatch(/^error: x\nb/);
  });

  test("finds Triton's last line", () => {
    const excerpt = aroundFirstError(`${'  File "x"\n'.repeat(500)}CompilationError: at 3:4: name is not defined`, MAX);
    expect(excerpt).toContain('CompilationError: at 3:4');
    expect(excerpt.length).toBeLessThanOrEqual(MAX);
  });

  test('keeps its limit where one line is longer than all of it', () => {
    const excerpt = aroundFirstError(`${'x'.repeat(5000)} error: y ${'z'.repeat(5000)}`, MAX);
    expect(excerpt.length).toBeLessThanOrEqual(MAX);
    expect(excerpt).toContain('error: y');
  });
});
