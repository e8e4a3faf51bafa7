import { describe, expect, test } from 'vitest';
import { importedReport, importFaults, type ImportedFacts, type JudgedImport } from '../../../bench/gpu/imported-report.ts';
import type { ImportedFile, ImportedItem } from '../../../bench/gpu/imported-work.ts';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import type { CandidateState } from '../../../src/domain/candidate.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';

const body = SubmitCandidate.parse({ problem: 'scaled', device: 'any', language: 'cuda', source: 'x' });
const item = (name: string, changes: Partial<ImportedItem> = {}): ImportedItem => ({
  name,
  problem: name.split(':')[0] ?? '',
  collection: 'gpumode',
  expected: ['passed'],
  twin: null,
  isBaseline: false,
  needsCompiler: false,
  body,
  ...changes,
});
const NOW = '2026-01-02T03:04:05.000Z';
/** `speedup` null: it did not pass. */
const judged = (of: ImportedItem, outcome: Outcome | null, speedup: number | null = null): JudgedImport => {
  const state: CandidateState = outcome ? { status: 'done', outcome, finishedAt: NOW } : { status: 'queued' };
  return { item: of, candidate: { state, attempts: [], score: speedup === null ? null : score(speedup) } };
};
const crashed = (message: string): Outcome => ({ verdict: 'crashed', case: '', message });

const WRONG = { expected: ['wrong_answer', 'contract'] };
const BASELINE = { isBaseline: true };
const HONEST = judged(item('scaled: submission.py'), passed(1.5), 1.5);
const faults = (judgedToo: readonly JudgedImport[], changes: Partial<ImportedFacts> = {}) =>
  Object.fromEntries(
    Object.entries(importFaults({ judged: [HONEST, ...judgedToo], unloaded: {}, leftBehind: [], ...changes })).filter(
      ([, names]) => names.length > 0,
    ),
  );

describe('what must not be in a run of public files', () => {
  test('is nothing where each has a verdict that is right, and what was not judged in time says nothing', () => {
    const refused = judged(item('scaled: zeros', WRONG), { verdict: 'contract', case: '', message: 'x' });
    const baseline = judged(item('scaled: ref_kernel', BASELINE), passed(1.009), 1.009);
    expect(faults([refused, baseline, judged(item('late: Model', BASELINE), null)])).toEqual({});
  });

  test('is a wrong one that passes, and a right one that does not', () => {
    expect(faults([judged(item('scaled: zeros', WRONG), passed(1), 1)])).toMatchObject({
      'ranked though wrong': ['scaled: zeros'],
    });
    expect(faults([judged(item('scaled: other.py'), crashed('x'))])).toMatchObject({
      'honest and rejected': ['scaled: other.py'],
    });
  });

  test('is a baseline against itself that is further from 1.00 than 0.01, either way; no other submission', () => {
    const far = [0.985, 1.011].map((speedup) => judged(item(`at${speedup}: Model`, BASELINE), passed(speedup), speedup));
    expect(faults(far)).toEqual({
      'a baseline, and further from 1.00 than 0.01': ['at0.985: Model', 'at1.011: Model'],
    });
  });

  test('is what became a problem and does not load, and what was left on the host', () => {
    expect(faults([], { unloaded: { odd: 'no' }, leftBehind: ['/tmp/left'] })).toEqual({
      'imported, and does not load': ['odd'],
      'left behind on the host': ['/tmp/left'],
    });
  });

  test('is no submission whose package this machine does not have', () => {
    expect(faults([judged(item('scaled: theirs.py'), crashed("ModuleNotFoundError: No module named 'helion'"))])).toEqual({});
  });
});

const FILES: readonly ImportedFile[] = [
  {
    collection: 'gpumode',
    label: 'pmpp/scaled_py',
    problem: 'scaled',
    notes: ['one case is left out', 'and another'],
    submissions: {},
  },
  { collection: 'kernelbench', label: 'level1/1_A.py', problem: 'level1_1_a', notes: [], submissions: {} },
  { collection: 'kernelbench', label: 'level1/2_B.py', refused: 'its weights are 257 MiB; a recording holds 64' },
  { collection: 'kernelbench', label: 'level1/3_C.py', refused: 'its weights are 65 MiB; a recording holds 64' },
  { collection: 'kernelbench', label: 'level1/4_D.py', refused: 'it draws a|b' },
];

describe('the report of a run of public files', () => {
  const text = importedReport({
    head: '# Public files',
    files: FILES,
    unloaded: {},
    judged: [
      judged(item('scaled: ref_kernel', BASELINE), passed(1), 1),
      HONEST,
      judged(item('scaled: zeros', WRONG), passed(1), 1),
      judged(item('scaled: theirs.py'), crashed("No module named 'helion'")),
      judged(item('level1_1_a: Model', { ...BASELINE, collection: 'kernelbench' }), crashed(`${'x'.repeat(1000)} in line 7`)),
      judged(item('scaled: late.py'), null),
    ],
    importSeconds: 12,
    judgeSeconds: 10,
    metrics:
      '# HELP x\nkiln_stage_seconds_sum{stage="ready"} 7.5\nkiln_stage_seconds_bucket{le="1"} 3\nkiln_compiles_total{result="failed"} 0\n',
    leftBehind: [],
  });

  test('counts files, problems and verdicts by collection', () => {
    expect(text).toContain('| gpumode | 1 | 1 | 5 | 4 | 2 of 3 | 1 | 0 of 1 |');
    expect(text).toContain('| kernelbench | 4 | 1 | 1 | 1 | 0 of 1 | 0 | 0 of 0 |');
    expect(text).toContain(
      'Imported in 12 s. 5 of 6 candidates were judged in 10 s, 0.50 candidates/s; 2 have the verdict they should have.',
    );
  });

  test('says of each file which problem it became, what its own program came to, and what is to be known', () => {
    expect(text).toContain('| pmpp/scaled_py | scaled | passed | 1.000 [0.980, 1.020] | no | one case is left out; and 1 more |');
    expect(text).toContain('| level1/1_A.py | level1_1_a | crashed **(unexpected)** |');
    expect(text).toContain('| scaled: zeros | wrong_answer or contract | passed **(unexpected)** |');
    expect(text).toContain('| scaled: theirs.py | passed | crashed (a package is missing) |');
    expect(text).toContain('in line 7');
  });

  test('says where the time went', () => {
    expect(text.split('## Where the time went')[1]?.trim()).toBe('kiln_stage_seconds_sum{stage="ready"} 7.5');
  });

  test('gives the end of a trace and of a log, which says what it was', () => {
    const trace = `Traceback (most recent call last): ${'File "x.py" '.repeat(300)}`;
    const log: Outcome = { verdict: 'compile_error', log: `${trace}\nTypeError: at last` };
    const printed = crashed(`${trace} ValueError: at the end it printed: ${'y'.repeat(500)}`);
    const of = [judged(item('scaled: ref_kernel', BASELINE), printed), judged(item('scaled: other.py'), log)];
    const facts = { head: '', files: FILES, unloaded: {}, importSeconds: 1, judgeSeconds: 1, metrics: '', leftBehind: [] };
    const said = importedReport({ ...facts, judged: of });
    expect(said).toMatch(/^\| pmpp\/scaled_py \|.*ValueError: at the end \|$/mu);
    expect(said).toContain('TypeError: at last');
  });

  test('counts why files became no problem, whatever the numbers in it, and lists what was not judged in time', () => {
    expect(text).toContain('| 2 | its weights are 257 MiB; a recording holds 64 | level1/2_B.py, level1/3_C.py |');
    expect(text).toContain('| 1 | it draws a\\|b | level1/4_D.py |');
    expect(text).toContain('Not judged in time, queued: 1 (scaled: late.py).');
  });
});
