import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CASES_MAX, HIDDEN_SET_CASES } from '../../../src/domain/problem.ts';
import { RECORDED_CASES_MAX } from '../../../src/domain/program-unit.ts';
import { DefinedCase, ProblemDefinition } from '../../../src/domain/protocol.ts';
import { drawHiddenSet, type HiddenSet } from '../../../src/problems/hidden.ts';
import { problemFolder } from '../../support/problem-folder.ts';
import { seededInt } from '../../support/seeded-int.ts';

const PROGRAM = { file: 'programs.py', symbol: 'run', style: 'function' };
const PROBLEM = {
  name: 'scale',
  title: 'Scale',
  variables: ['n'],
  tensors: { x: { dtype: 'f32', shape: ['n'], role: 'in' }, y: { dtype: 'f32', shape: ['n'], role: 'out' } },
  tolerance: { rtol: 1e-6, atol: 0, relative_l2: 1e-6 },
  check: [{ name: 'odd', shape: { n: 1003 } }],
  hidden: { n: { min: 1, max: 500 } },
  bench: { gpu: [{ name: '16M', shape: { n: 16_777_216 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { reference: PROGRAM },
};
const DERIVED = {
  tensors: { ...PROBLEM.tensors, x: { ...PROBLEM.tensors.x, distribution: { kind: 'derived' } } },
  derive: { file: 'programs.py', symbol: 'derive', raw: { w: { dtype: 'f32', shape: ['n'] } } },
  check: [{ name: 'zeros', shape: { n: 9 }, distributions: { w: { kind: 'zeros' } } }],
};
const VERIFIED = { ...DERIVED, verify: { file: 'programs.py', symbol: 'check', rules: ['holds'] } };
const RUNNER = join(import.meta.dirname, '../../../src/gpu/runner/kiln_runner');

const { load, complaint } = problemFolder(PROBLEM, {
  'programs.py': 'def run(x):\n    return x\n',
  'reference.cu':
    '/* kiln\nlaunch:\n  - {kernel: k, grid: [n], block: [32], args: [x, y, n]}\n*/\nextern "C" __global__ void k(const float* x, float* y, int n) {}\n',
});

const setOf = (changes: object = {}): HiddenSet => {
  const drawn = drawHiddenSet(load(changes).problem, seededInt(7));
  if (!drawn) throw new Error('it declares bounds');
  return drawn;
};
const define = (changes: object, hiddenSet: HiddenSet | null): ProblemDefinition =>
  load(changes).definitionFor('gpu', 'sm_90a', hiddenSet);
/** As many as a problem may have of a kind. */
const many = (kind: string) => Array.from({ length: CASES_MAX }, (_, n) => ({ name: `${kind}${n}`, shape: { n: n + 1 } }));

describe('hidden cases that a problem’s own programs are recorded in', () => {
  test('are as many as a set has, each once, or as many as there are within the bounds', () => {
    const names = setOf().cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(HIDDEN_SET_CASES);
    const narrow = setOf({ hidden: { n: { min: 3, max: 4 } } }).cases.map(({ name }) => name);
    expect(narrow.toSorted()).toEqual(['hidden(n=3)', 'hidden(n=4)']);
  });

  test.each([
    ['a reference and its baseline', {}, ['reference', 'baseline']],
    ['what derives inputs', DERIVED, ['reference', 'baseline', 'inputs']],
    ['a check of one’s own', VERIFIED, ['reference', 'baseline', 'inputs', 'verify']],
  ] as const)('go to hosts with %s, behind the others, and are no cases of the problem', (_what, changes, sides) => {
    const hiddenSet = setOf(changes);
    const [defined, without] = [define(changes, hiddenSet), define(changes, null)];
    expect(ProblemDefinition.parse(defined)).toEqual(defined);
    expect([defined.cases, defined.key === without.key]).toEqual([without.cases, false]);
    const declared = defined.cases.map(({ name }) => name);
    for (const side of sides) {
      const unit = defined[side];
      if (unit?.language !== 'python') throw new Error(side);
      expect(unit.cases.map(({ name }) => name)).toEqual([...declared, ...hiddenSet.cases.map(({ name }) => name)]);
      expect(unit.cases.at(-1)?.tensors[0]?.shape).toEqual([hiddenSet.cases.at(-1)?.shape['n']]);
    }
  });

  test('are handed to the check without what inputs are derived from', () => {
    const item = { name: 'hidden(n=3, as zeros)', shape: { n: 3 }, distributions: { w: { kind: 'zeros' as const } } };
    const { verify, inputs } = define(VERIFIED, { cases: [item] });
    const [shown, raw] = [verify, inputs].map((side) => side?.cases.at(-1)?.tensors.map(({ name }) => name));
    expect([shown, raw]).toEqual([
      ['x', 'y', 'holds'],
      ['w', 'x'],
    ]);
  });

  test('have raw tensors and rules where the problem’s cases do', () => {
    const item = { name: 'hidden(n=3, as zeros)', shape: { n: 3 }, distributions: { w: { kind: 'zeros' as const } } };
    const defined = load(VERIFIED).hiddenCase('gpu', item);
    expect(DefinedCase.parse(defined)).toEqual(defined);
    expect(defined).toMatchObject({ raw: [{ name: 'w', elements: 3, distribution: { kind: 'zeros' } }], rules: ['holds'] });
  });

  test('are refused with the field where the ends of their bounds cannot be', () => {
    const raw = { w: { dtype: 'f32', shape: ['n - 1'] } };
    const changes = { ...DERIVED, derive: { ...DERIVED.derive, raw } };
    expect(complaint(changes)).toContain('hidden.derive.raw.w.shape[0]: "n - 1" is 0');
    expect(load({ ...changes, hidden: { n: { min: 2, max: 9 } } }).targets).toEqual(['gpu']);
    const beyond = { hidden: { n: { min: 1, max: 8_000_000_000 } } };
    expect(complaint(beyond)).toContain('hidden.shape.n: 8000000000 is no i32');
  });

  test('change no version of a problem, and no definition where all code has a plan', () => {
    const native = { gpu: { reference: 'reference.cu', baseline: 'reference.cu' } };
    const loaded = load(native);
    expect(loaded.definitionFor('gpu', 'sm_90a', setOf(native)).key).toBe(loaded.definitionFor('gpu', 'sm_90a').key);
    const programs = load();
    const before = programs.contentHash('gpu');
    programs.definitionFor('gpu', 'sm_90a', setOf());
    expect(load().contentHash('gpu')).toBe(before);
  });

  test('are resolved once for each set', () => {
    const [loaded, hiddenSet] = [load(), setOf()];
    const first = loaded.definitionFor('gpu', 'sm_90a', hiddenSet);
    expect(loaded.definitionFor('gpu', 'sm_90a', hiddenSet)).toBe(first);
    expect(loaded.definitionFor('gpu', 'sm_90a', setOf())).not.toBe(first);
    expect(loaded.definitionFor('gpu', 'sm_90a', null)).toBe(loaded.definitionFor('gpu', 'sm_90a'));
  });

  test('fit beside as many cases as a problem may have, on both sides', () => {
    expect(RECORDED_CASES_MAX).toBe(2 * CASES_MAX + HIDDEN_SET_CASES);
    expect(readFileSync(join(RUNNER, 'protocol_programs.py'), 'utf8')).toContain(
      `\nRECORDED_CASES_MAX = ${RECORDED_CASES_MAX}\n`,
    );
    const changes = { check: many('check'), bench: { gpu: many('bench') } };
    const { reference } = ProblemDefinition.parse(define(changes, setOf(changes)));
    expect(reference.language === 'python' && reference.cases.length).toBe(RECORDED_CASES_MAX);
  });
});
