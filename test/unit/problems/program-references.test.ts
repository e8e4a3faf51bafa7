import { describe, expect, test } from 'vitest';
import { ProblemDefinition } from '../../../src/domain/protocol.ts';
import { mutantsOf } from '../../../src/problems/mutants.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { problemFolder } from '../../support/problem-folder.ts';

const SOURCE = 'from utils import twice\n\ndef ref_kernel(data):\n    return twice(data[0])\n';
const SIDE = { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel', files: ['utils.py'] };
/** Each as large as a file of a problem may be. */
const LARGE = ['a.py', 'b.py', 'c.py', 'd.py'];
const PROBLEM = {
  name: 'scale',
  title: 'Scale',
  variables: ['n'],
  tensors: { x: { dtype: 'f32', shape: ['n'], role: 'in' }, y: { dtype: 'f32', shape: ['n'], role: 'out' } },
  scalars: { factor: { dtype: 'f32', value: 2 }, count: { dtype: 'i32', value: 3 } },
  tolerance: { rtol: 1e-6, atol: 0, relative_l2: 1e-6 },
  check: [{ name: 'odd', shape: { n: 1003 } }],
  bench: { gpu: [{ name: '16M', shape: { n: 16_777_216 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { reference: SIDE },
};

const { write, load, complaint } = problemFolder(PROBLEM, {
  'reference.py': SOURCE,
  ...Object.fromEntries(LARGE.map((name) => [name, '#'.repeat(256 * 1024)])),
  ...Object.fromEntries(['utils.py', 'Utils.py'].map((name) => [name, 'def twice(x):\n    return x + x\n'])),
});
const definition = (changes: object = {}): ProblemDefinition => load(changes).definitionFor('gpu', 'sm_90a');

describe('a reference that is a program', () => {
  test('goes to judges with its files and every case to record, and is the baseline too', () => {
    const defined = definition();
    expect(ProblemDefinition.parse(defined)).toEqual(defined);
    expect(defined.reference).toMatchObject({
      language: 'python',
      architecture: 'sm_90a',
      environment: 'torch',
      side: 'reference',
      entry: { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel' },
      files: [{ path: 'reference.py', content: SOURCE }, { path: 'utils.py' }],
      cases: [{ name: 'odd', tensors: [{ name: 'x', shape: [1003] }, { name: 'y' }] }, { name: '16M' }],
    });
    expect(defined.baseline).toEqual({ ...defined.reference, side: 'baseline' });
    expect([...load().baselines]).toEqual([SOURCE]);
    expect(defined.cases.map(({ reference, baseline }) => [reference, baseline])).toEqual(
      defined.cases.map(() => [
        { launches: [], scratch: {} },
        { launches: [], scratch: {} },
      ]),
    );
  });

  test('has another baseline where one is given, at addresses of its own', () => {
    const defined = definition({ gpu: { reference: SIDE, baseline: { ...SIDE, symbol: 'fast' } } });
    expect([defined.reference, defined.baseline]).toMatchObject([
      { side: 'reference', entry: { symbol: 'ref_kernel' } },
      { side: 'baseline', entry: { symbol: 'fast' } },
    ]);
  });

  test('changes the version of its problem with each of its files, and with how programs are called', () => {
    const before = load().contentHash('gpu');
    expect(load({ call: { seed: 7 } }).contentHash('gpu')).not.toBe(before);
    write('utils.py', 'def twice(x):\n    return 2 * x\n');
    expect(load().contentHash('gpu')).not.toBe(before);
  });

  test('leaves those wrong versions that do not run it', () => {
    const { own, wrong } = mutantsOf(definition());
    expect(own).toBeNull();
    expect(wrong.map(({ name }) => name)).toEqual(['zeros', 'a constant', 'a copy of the input']);
    expect(wrong.every(({ unit, plans }) => unit.language === 'cuda' && plans['odd']?.launches.length === 1)).toBe(true);
  });

  test.each([
    [{ gpu: { reference: { ...SIDE, file: 'other.py' } } }, 'gpu.reference.file: there is no file "other.py"'],
    [{ gpu: { reference: { ...SIDE, files: ['other.py'] } } }, 'gpu.reference.files: there is no file "other.py"'],
    [{ gpu: { reference: { ...SIDE, style: 'class' } } }, 'gpu.reference: line'],
    [{ gpu: { reference: { ...SIDE, style: 'class' } } }, 'style: must be one of'],
    [{ gpu: { reference: { ...SIDE, symbol: 'a b' } } }, 'a symbol is a name of Python'],
    [{ gpu: { reference: 3 } }, 'must be the name of a file, or a program: {file, symbol, style}'],
    [{ gpu: { reference: 'reference.py' } }, 'gpu.baseline: is missing'],
    [{ hidden: { m: { min: 1, max: 9 } } }, 'hidden.m: "m" is no variable of the problem'],
    [
      { cpu: { reference: SIDE }, bench: { ...PROBLEM.bench, cpu: [{ name: 'small', shape: { n: 16 } }] } },
      'cpu.reference: a program runs on GPUs only',
    ],
    [
      { call: { data: ['x', { a: ['z'] }] } },
      'call.data[1].a[0]: "z" is no tensor, shape variable or scalar of the problem; it has: x, y, n',
    ],
    [{ gpu: { reference: { ...SIDE, files: ['constructor'] } } }, 'gpu.reference.files: there is no file "constructor"'],
    [{ call: { data: ['x', 'toString'] } }, 'call.data[1]: "toString" is no tensor'],
    [
      { gpu: { reference: { ...SIDE, files: ['utils.py', 'utils.py'] } } },
      'gpu.reference.files: two files have one name: utils.py',
    ],
    [
      { gpu: { reference: { ...SIDE, files: ['utils.py', 'Utils.py'] } } },
      'gpu.reference.files: two files have one name: Utils.py',
    ],
    [{ gpu: { reference: { ...SIDE, files: LARGE } } }, ' bytes together; the limit is 1048576'],
    [
      { gpu: { reference: { ...SIDE, style: 'model', symbol: 'Model' } }, call: { data: ['z'] } },
      'call.data[0]: "z" is no tensor',
    ],
    [{ call: { init: 3 } }, 'call.init'],
    [{ call: { init: 3 } }, 'must be a list of arguments'],
  ])('is refused with what to do: %j', (changes, words) => {
    expect(complaint(changes)).toContain(words);
  });
});

describe('how programs are called', () => {
  test('is told case by case: tensors by name, shape variables and scalars by value', () => {
    const { reference } = definition({
      call: { data: ['x', ['n', 'factor', 'count', 0.5], { out: 'y', flag: true, none: null }] },
    });
    expect(reference.language === 'python' && reference.cases[0]?.data).toEqual({
      kind: 'tuple',
      items: [
        { kind: 'tensor', name: 'x' },
        {
          kind: 'tuple',
          items: [
            { kind: 'int', value: 1003 },
            { kind: 'float', value: 2 },
            { kind: 'int', value: 3 },
            { kind: 'float', value: 0.5 },
          ],
        },
        {
          kind: 'dict',
          entries: {
            out: { kind: 'tensor', name: 'y' },
            flag: { kind: 'constant', value: true },
            none: { kind: 'constant', value: null },
          },
        },
      ],
    });
  });

  test('of candidates is the same as of the reference', () => {
    const entry = { file: 'k.py', symbol: 'ModelNew', style: 'model' as const };
    const program = { entry, files: [], environment: 'torch', prefer: 'recorded' as const, environmentKey: null };
    const content = { language: 'python' as const, source: '', params: {}, program };
    const resolved = (changes: object) => resolveCandidate(load(changes), { target: 'gpu', architecture: 'sm_90a', content });
    expect(resolved({ call: { init: [128, [1, 2], null, true, 'same'] } })).toMatchObject({
      calls: { model: { seed: 42, init: { positional: [128, [1, 2], null, true, 'same'], keywords: {} } } },
    });
    expect(resolved({ call: { init: { keywords: { bias: false } }, seed: 7 } })).toMatchObject({
      calls: { model: { seed: 7, init: { positional: [], keywords: { bias: false } } } },
    });
    expect(resolved({})).toMatchObject({ calls: { model: { seed: 42 } } });
  });

  test('gives functions what their signature may name', () => {
    const { reference } = definition({ gpu: { reference: { ...SIDE, style: 'function' } } });
    expect(reference.language === 'python' && reference.cases[0]?.values).toEqual({
      n: { kind: 'int', value: 1003 },
      factor: { kind: 'float', value: 2 },
      count: { kind: 'int', value: 3 },
    });
  });
});
