import { describe, expect, test } from 'vitest';
import { definitionText } from '../../../src/domain/text/problem-definition.ts';
import { ProblemDefinition } from '../../../src/domain/protocol.ts';
import { mutantsOf } from '../../../src/problems/mutants.ts';
import { problemFolder } from '../../support/problem-folder.ts';

const VERIFY = { file: 'verify.py', symbol: 'check', files: ['utils.py'], rules: ['rebuilt', 'lower'] };
const KERNEL = `/* kiln\nlaunch: [{kernel: run, grid: [1], block: [32], args: [a, l]}]\n*/\nextern "C" __global__ void run(const float* a, float* l) {}\n`;
const TENSORS = {
  a: { dtype: 'f32', shape: ['n', 'n'], role: 'in' },
  l: { dtype: 'f32', shape: ['n', 'n'], role: 'out' },
};
const PROBLEM = {
  name: 'factor',
  title: 'A factor',
  variables: ['n'],
  tensors: TENSORS,
  verify: VERIFY,
  tolerance: { rtol: 1e-3, atol: 1e-5, relative_l2: 1e-3 },
  check: [{ name: 'odd', shape: { n: 33 } }],
  bench: { gpu: [{ name: 'large', shape: { n: 1024 } }] },
  floor: { read_bytes: '4*n*n', write_bytes: '4*n*n', flops: 'n', unit: 'f32' },
  gpu: { reference: 'reference.cu', baseline: 'reference.cu' },
};

const { write, load, complaint } = problemFolder(PROBLEM, {
  'reference.cu': KERNEL,
  'reference.c': KERNEL,
  'verify.py': 'def check(a, l, n):\n    return {"rebuilt": a == a, "lower": l == l}\n',
  'utils.py': '',
});
const definition = (changes: object = {}): ProblemDefinition => load(changes).definitionFor('gpu', 'sm_90a');

describe('a problem that checks outputs by itself', () => {
  test('tells judges what must hold, and whoever records the check that it is handed inputs and outputs', () => {
    const defined = definition();
    expect(ProblemDefinition.parse(defined)).toEqual(defined);
    expect(defined.cases.map(({ rules }) => rules)).toEqual([VERIFY.rules, VERIFY.rules]);
    expect(defined.verify).toMatchObject({
      side: 'verify',
      environment: 'torch',
      entry: { file: 'verify.py', symbol: 'check', style: 'function' },
      files: [{ path: 'verify.py' }, { path: 'utils.py' }],
      cases: [{ name: 'odd', values: { n: { value: 33 } } }, { name: 'large' }],
    });
    const rule = { dtype: 'u8', role: 'out', shape: [1], distribution: { kind: 'rule' } };
    const given = { dtype: 'f32', role: 'in', shape: [33, 33], distribution: { kind: 'normal', mean: 0, std: 1 } };
    expect(defined.verify?.cases[0]?.tensors).toEqual([
      { name: 'a', ...given },
      { name: 'l', ...given },
      { name: 'rebuilt', ...rule },
      { name: 'lower', ...rule },
    ]);
  });

  test('is judged by hosts that record its environment, though its reference be a kernel', () => {
    expect(load().environments('gpu')).toEqual(['torch']);
  });

  test('is shown nothing that inputs are derived from, whatever cases draw it like', () => {
    const changes = {
      tensors: { ...TENSORS, a: { ...TENSORS.a, distribution: { kind: 'derived' } } },
      derive: { file: 'derive.py', symbol: 'inputs', raw: { x: { dtype: 'f32', shape: ['n', 'n'] } } },
      check: [{ name: 'zeros', shape: { n: 9 }, distributions: { x: { kind: 'zeros' } } }],
    };
    write('derive.py', 'def inputs(x, n):\n    return x @ x.T\n');
    const [first] = definition(changes).verify?.cases ?? [];
    expect(first?.tensors.map(({ name }) => name)).toEqual(['a', 'l', 'rebuilt', 'lower']);
    expect(first?.tensors[0]?.distribution).toEqual({ kind: 'derived' });
  });

  test('may be of a case that is as large as any can be', () => {
    expect(definition({ bench: { gpu: [{ name: 'large', shape: { n: 32_768 } }] } }).cases).toHaveLength(2);
  });

  test('is another version with each file of the check and with each rule', () => {
    const before = load().contentHash('gpu');
    expect(load({ verify: { ...VERIFY, rules: ['rebuilt'] } }).contentHash('gpu')).not.toBe(before);
    write('utils.py', 'ONE = 1\n');
    expect(load().contentHash('gpu')).not.toBe(before);
  });

  test('is tried with outputs that are wrong whatever is right, and not with such as are a little off', () => {
    const tried = mutantsOf(definition()).wrong.map(({ name }) => name);
    expect(tried).toEqual(['zeros', 'a constant', 'a copy of the input', 'the result of the inputs before']);
  });

  test('says so to those who write for it', () => {
    expect(definitionText(load().problem, ['gpu'])).toContain(
      'outputs are right where check of verify.py says so (rebuilt, lower)',
    );
  });

  test.each<[object, string]>([
    [{ tensors: { ...TENSORS, l: { ...TENSORS.l, role: 'inout' } } }, 'tensors.l.role: "l" has the role inout'],
    [{ verify: { ...VERIFY, rules: [] } }, 'verify.rules: line'],
    [{ verify: { ...VERIFY, rules: ['a'] } }, '"a" names two things; variables, tensors, scalars and rules share one space'],
    [{ verify: { ...VERIFY, rules: ['lower', 'lower'] } }, '"lower" names two things'],
    [{ verify: { ...VERIFY, file: 'other.py' } }, 'verify.file: there is no file "other.py"'],
    [
      {
        cpu: { reference: 'reference.c', baseline: 'reference.c' },
        bench: { ...PROBLEM.bench, cpu: [{ name: 'small', shape: { n: 64 } }] },
      },
      'verify: a program runs on GPUs only',
    ],
  ])('is refused: %#', (changes, words) => {
    expect(complaint(changes)).toContain(words);
  });
});
