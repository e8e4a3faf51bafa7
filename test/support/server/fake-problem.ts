import { ProblemTried } from '../../../src/domain/api/problem-check.ts';
import { LibraryTime } from '../../../src/domain/library.ts';
import { Problem } from '../../../src/domain/problem.ts';
import { idOf } from '../builders.ts';

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

export const REFUSED = {
  name: 'half_done',
  folder: 'kernels/half_done',
  reason: 'kernels/half_done/problem.yaml: tensors: is missing',
};
export const VERSIONS = ['a', 'b'].map((digit, at) => ({
  version: digit.repeat(64),
  isCurrent: at === 0,
  devices: ['H100'],
  candidates: 5,
  ranked: 2,
  waiting: at,
  lastSubmittedAt: '2026-01-02T03:04:05.000Z',
}));

export const RELOADED = { added: ['softmax'], changed: ['vector_add'], removed: ['old'], unchanged: 1, refused: [REFUSED] };

/** What a check of it finds on a GPU. */
export const TRIED = ProblemTried.parse({
  problem: PROBLEM.name,
  host: 'box',
  deviceId: 'GPU-1',
  deviceModel: 'NVIDIA H100 80GB HBM3',
  device: 'H100',
  ok: false,
  refused: null,
  mutants: [{ name: 'zeros', foundBy: null }],
});

/** Measured on one model, and not on another. */
export const LIBRARY = [
  {
    device: 'A100',
    deviceModel: 'NVIDIA A100-SXM4-80GB',
    candidateId: null,
    environment: null,
    cases: [],
    reason: 'not measured yet: it is once a device is idle',
  },
  {
    device: 'H100',
    deviceModel: 'NVIDIA H100 80GB HBM3',
    candidateId: idOf('library'),
    environment: 'torch 2.11.0, CUDA 13.0, driver 580.65',
    cases: [{ case: 'big', medianNs: 18_000 }],
    reason: null,
  },
].map((time) => LibraryTime.parse(time));
