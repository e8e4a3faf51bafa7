import { describe, expect, test } from 'vitest';
import { programFilesOf } from '../../../src/domain/problem.ts';
import { problemFolder } from '../../support/problem-folder.ts';

const LIBRARY = { file: 'library.py', symbol: 'run', style: 'function', files: ['parts.py'] };
const SIDES = { reference: 'reference.cu', baseline: 'reference.cu' };
const PROBLEM = {
  name: 'scale',
  title: 'Scale',
  variables: ['n'],
  tensors: { x: { dtype: 'f32', shape: ['n'], role: 'in' }, y: { dtype: 'f32', shape: ['n'], role: 'out' } },
  tolerance: { rtol: 1e-6, atol: 0, relative_l2: 1e-6 },
  check: [{ name: 'odd', shape: { n: 1003 } }],
  hidden: { n: { min: 1, max: 100 } },
  bench: { gpu: [{ name: '16M', shape: { n: 16_777_216 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { ...SIDES, library: LIBRARY },
};
const KERNEL =
  '/* kiln\nlaunch:\n  - {kernel: scale, grid: [1], block: [32], args: [x, y, n]}\n*/\nextern "C" __global__ void scale(const float* x, float* y, int n) {}\n';

const { write, load, complaint } = problemFolder(PROBLEM, {
  'reference.cu': KERNEL,
  'library.py': 'from parts import run\n',
  'parts.py': 'def run(x):\n    return 2 * x\n',
});

describe('the library program of a problem', () => {
  test('has the files of a program, beside references that are none and a hidden case', () => {
    const { library, problem, files } = load();
    expect(library).toMatchObject({
      source: 'from parts import run\n',
      program: {
        entry: { file: 'library.py', symbol: 'run', style: 'function' },
        files: [{ path: 'parts.py', content: files['parts.py'] }],
        environment: 'torch',
      },
    });
    expect(programFilesOf(problem)).toEqual(['library.py', 'parts.py']);
    expect(load({ gpu: SIDES }).library).toBeNull();
  });

  test('has a hash of its own, and is no part of the problem’s', () => {
    const before = load();
    const without = load({ gpu: SIDES });
    write('parts.py', 'def run(x):\n    return x + x\n');
    const after = load();
    expect(after.library?.hash).not.toBe(before.library?.hash);
    expect([after.contentHash('gpu'), without.contentHash('gpu')]).toEqual([
      before.contentHash('gpu'),
      before.contentHash('gpu'),
    ]);
    expect(load({ gpu: { ...SIDES, library: { ...LIBRARY, symbol: 'other' } } }).library?.hash).not.toBe(after.library?.hash);
  });

  test.each([
    ['a file that is missing', { ...LIBRARY, file: 'other.py' }, 'gpu.library.file: there is no file "other.py"'],
    ['another file that is missing', { ...LIBRARY, files: ['x.py'] }, 'gpu.library.files: there is no file "x.py"'],
    ['no program', 'library.py', 'gpu.library'],
    ['a style that there is not', { ...LIBRARY, style: 'quick' }, 'gpu.library.style'],
  ])('is refused with %s', (_, library, message) => {
    expect(complaint({ gpu: { ...SIDES, library } })).toContain(message);
  });

  test('is of GPUs alone', () => {
    expect(complaint({ cpu: { ...SIDES, library: LIBRARY } })).toContain('cpu');
  });
});
