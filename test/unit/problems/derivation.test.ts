import { describe, expect, test } from 'vitest';
import { definitionText } from '../../../src/domain/text/problem-definition.ts';
import { ProblemDefinition } from '../../../src/domain/protocol.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { problemFolder } from '../../support/problem-folder.ts';

const DERIVE = {
  file: 'derive.py',
  symbol: 'inputs',
  files: ['utils.py'],
  raw: { a: { dtype: 'f32', shape: ['n', 'n'], distribution: { kind: 'normal' } } },
};
const KERNEL = `/* kiln\nlaunch: [{kernel: run, grid: [1], block: [32], args: [x, y]}]\n*/\nextern "C" __global__ void run(const float* x, float* y) {}\n`;
const TENSORS = {
  x: { dtype: 'f32', shape: ['n', 'n'], role: 'in', distribution: { kind: 'derived' } },
  order: { dtype: 'i64', shape: ['n'], role: 'in', distribution: { kind: 'derived', low: 0, high: 'n - 1' } },
  scale: { dtype: 'f32', shape: ['n'], role: 'in' },
  y: { dtype: 'f32', shape: ['n'], role: 'out' },
};
const PROBLEM = {
  name: 'scale',
  title: 'Of a symmetric matrix',
  variables: ['n'],
  tensors: TENSORS,
  derive: DERIVE,
  tolerance: { rtol: 1e-6, atol: 0, relative_l2: 1e-6 },
  check: [{ name: 'odd', shape: { n: 33 } }],
  bench: { gpu: [{ name: 'large', shape: { n: 1024 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { reference: 'reference.cu', baseline: 'reference.cu' },
};

const { write, load, complaint } = problemFolder(PROBLEM, {
  'reference.cu': KERNEL,
  'reference.c': KERNEL,
  'derive.py': 'def inputs(a, n):\n    return a + a.T, a[0].argsort()\n',
  'utils.py': '',
});
const definition = (changes: object = {}): ProblemDefinition => load(changes).definitionFor('gpu', 'sm_90a');
const withTensor = (changes: object): object => ({ tensors: { ...TENSORS, ...changes } });

describe('a problem that derives its inputs', () => {
  test('tells judges what is drawn, and whoever records it what is computed from that', () => {
    const defined = definition();
    expect(ProblemDefinition.parse(defined)).toEqual(defined);
    expect(defined.cases[0]).toMatchObject({
      tensors: [
        { name: 'x', distribution: { kind: 'derived' } },
        { name: 'order', distribution: { kind: 'derived', low: 0, high: 32 } },
        { name: 'scale', distribution: { kind: 'normal' } },
        { name: 'y' },
      ],
      raw: [{ name: 'a', elements: 1089, role: 'in', distribution: { kind: 'normal' } }],
    });
    expect(defined.inputs).toMatchObject({
      side: 'inputs',
      environment: 'torch',
      entry: { file: 'derive.py', symbol: 'inputs', style: 'function' },
      files: [{ path: 'derive.py' }, { path: 'utils.py' }],
      cases: [{ name: 'odd', values: { n: { value: 33 } } }, { name: 'large' }],
    });
    expect(defined.inputs?.cases[0]?.tensors).toEqual([
      { name: 'a', dtype: 'f32', role: 'in', shape: [33, 33], distribution: { kind: 'normal', mean: 0, std: 1 } },
      { name: 'x', dtype: 'f32', role: 'out', shape: [33, 33], distribution: { kind: 'derived' } },
      { name: 'order', dtype: 'i64', role: 'out', shape: [33], distribution: { kind: 'derived', low: 0, high: 32 } },
    ]);
  });

  test('is judged by hosts that record its environment, though its reference be a kernel', () => {
    expect(load().environments('gpu')).toEqual(['torch']);
    expect(load({ derive: { ...DERIVE, environment: 'other' } }).environments('gpu')).toEqual(['other']);
  });

  test('is another version with each file of the program', () => {
    const before = load().contentHash('gpu');
    write('utils.py', 'ONE = 1\n');
    expect(load().contentHash('gpu')).not.toBe(before);
  });

  test('draws raw tensors in other ways where a case says so, timed shapes too', () => {
    const check = [...PROBLEM.check, { name: 'hard', shape: { n: 4 }, distributions: { a: { kind: 'zeros' } } }];
    const [, hard, large] = definition({ check }).cases;
    expect(hard?.raw).toMatchObject([{ distribution: { kind: 'zeros' } }]);
    expect(large?.hard).toEqual([{ name: 'hard', distributions: { a: { kind: 'zeros' } } }]);
  });

  test('shows raw tensors to no candidate', () => {
    const loaded = load();
    const source = KERNEL.replace('args: [x, y]', 'args: [x, a]');
    const content = { source, language: 'cuda' as const, params: {} };
    expect(resolveCandidate(loaded, { content, target: 'gpu', architecture: 'sm_90a' })).toMatchObject({
      ok: false,
      outcome: { verdict: 'plan_error', field: 'launch[0].args[1]' },
    });
    expect(definitionText(loaded.problem, ['gpu'])).toContain('derived inputs are computed by inputs of derive.py');
    expect(complaint({ call: { data: ['a'] } })).toContain('call.data[0]: "a" is no tensor');
  });

  test.each<[object, string]>([
    [{ derive: undefined }, 'tensors.x.distribution: it is derived, and "derive" is not given'],
    [
      withTensor({
        x: { ...TENSORS.x, distribution: { kind: 'normal' } },
        order: { ...TENSORS.order, distribution: { kind: 'zeros' } },
      }),
      'derive: nothing is derived',
    ],
    [withTensor({ x: { ...TENSORS.x, role: 'inout' } }), 'tensors.x.distribution: "x" has the role inout'],
    [
      withTensor({ order: { ...TENSORS.order, distribution: { kind: 'derived' } } }),
      'tensors.order.distribution: i64 that is derived has bounds, low and high: kernels may index with it',
    ],
    [withTensor({ order: { ...TENSORS.order, distribution: { kind: 'derived', low: 0 } } }), 'low and high are given together'],
    [
      withTensor({ order: { ...TENSORS.order, distribution: { kind: 'derived', low: 3, high: 'n - 32' } } }),
      'there is no integer from 3',
    ],
    [
      withTensor({ x: { ...TENSORS.x, distribution: { kind: 'derived', low: 0, high: 1 } } }),
      'bounds are of integers, not of f32',
    ],
    [{ derive: { ...DERIVE, raw: {} } }, 'derive.raw: line'],
    [{ derive: { ...DERIVE, raw: { n: DERIVE.raw.a } } }, '"n" names two things'],
    [
      { derive: { ...DERIVE, raw: { a: { ...DERIVE.raw.a, distribution: { kind: 'derived' } } } } },
      'derive.raw.a.distribution: line',
    ],
    [{ derive: { ...DERIVE, raw: { a: { ...DERIVE.raw.a, shape: ['n - 33'] } } } }, 'derive.raw.a.shape[0]'],
    [{ derive: { ...DERIVE, raw: { a: { ...DERIVE.raw.a, shape: [4_000_000_000] } } } }, 'derive.raw: 16000000000 bytes'],
    [{ derive: { ...DERIVE, file: 'other.py' } }, 'derive.file: there is no file "other.py"'],
    [
      {
        cpu: { reference: 'reference.c', baseline: 'reference.c' },
        bench: { ...PROBLEM.bench, cpu: [{ name: 'small', shape: { n: 64 } }] },
      },
      'derive: a program runs on GPUs only',
    ],
    [
      { check: [{ name: 'hard', shape: { n: 4 }, distributions: { x: { kind: 'zeros' } } }] },
      'distributions.x: "x" is no tensor of the problem that is drawn',
    ],
  ])('is refused: %#', (changes, words) => {
    expect(complaint(changes)).toContain(words);
  });
});
