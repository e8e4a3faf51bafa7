import { describe, expect, test } from 'vitest';
import { problemFolder } from '../../support/problem-folder.ts';

const PROGRAM = 'def ref_kernel(data):\n    return data\n';
const PROBLEM = {
  name: 'scale',
  title: 'Scale',
  variables: ['n'],
  tensors: {
    constructor: { dtype: 'f32', shape: ['n'], role: 'in', distribution: { kind: 'uniform', low: 1, high: 2 } },
    y: { dtype: 'f32', shape: ['n'], role: 'out' },
  },
  tolerance: { rtol: 1e-6, atol: 0, relative_l2: 1e-6 },
  check: [{ name: 'odd', shape: { n: 1003 }, distributions: {} }],
  bench: { gpu: [{ name: '16M', shape: { n: 16_777_216 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { reference: { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel' } },
};

const { load, complaint } = problemFolder(PROBLEM, { 'reference.py': PROGRAM });

describe('a problem whose names every object inherits', () => {
  test('has the tensors that it declares, drawn as it says', () => {
    const [check] = load().definitionFor('gpu', 'sm_90a').cases;
    expect(check?.tensors[0]).toMatchObject({ name: 'constructor', distribution: { kind: 'uniform', low: 1, high: 2 } });
  });

  test.each([
    [{ check: [{ name: 'odd', shape: { n: 3 }, distributions: { toString: { kind: 'zeros' } } }] }, 'is no tensor'],
    [{ call: { data: ['toString'] } }, '"toString" is no tensor, shape variable or scalar'],
    [{ variables: ['n', 'valueOf'] }, 'the case gives no value for "valueOf"'],
    [
      {
        variables: ['n', 'valueOf'],
        hidden: { n: { min: 1, max: 9 } },
        check: [{ name: 'odd', shape: { n: 3, valueOf: 2 } }],
        bench: { gpu: [{ name: '16M', shape: { n: 16_777_216, valueOf: 2 } }] },
      },
      '"valueOf" has no bounds',
    ],
    [
      {
        tensors: { ...PROBLEM.tensors, y: { ...PROBLEM.tensors.y, dtype: 'i32', compare: { kind: 'indices', of: 'toString' } } },
      },
      'toString',
    ],
  ])('says what is not there: %o', (changes, words) => {
    expect(complaint(changes)).toContain(words);
  });
});
