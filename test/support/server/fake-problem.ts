import { Problem } from '../../../src/domain/problem.ts';

/** The one problem of the fake. */
export const PROBLEM = Problem.parse({
  name: 'vector_add',
  title: 'Add two vectors',
  variables: ['n'],
  tensors: {
    a: { dtype: 'f32', shape: ['n'], role: 'in' },
    out: { dtype: 'f32', shape: ['n'], role: 'out' },
  },
  tolerance: { rtol: 0.001, atol: 0.001, relative_l2: 0.001 },
  check: [{ name: 'small', shape: { n: 7 } }],
  bench: { gpu: [{ name: 'big', shape: { n: 1024 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  cpu: { reference: 'reference.c', baseline: 'baseline.c' },
});
