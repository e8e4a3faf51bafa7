import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoadedProblem, loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCalls } from '../../../src/problems/resolve-program.ts';
import { compiledC, resolvedC } from '../../support/compiled-c.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');
const DRIVER = join(import.meta.dirname, 'run_libraries.py');
const RUNNER = join(import.meta.dirname, '../../../src/gpu/runner');
const REFERENCE = 'reference.c';
const problems = [...loadProblems(KERNELS).values()].filter(({ library }) => library !== null);
/** The first Python that has PyTorch: that of the variable, the one on the PATH, the system's. */
const python = [process.env['KILN_TORCH_PYTHON'], 'python3', '/usr/bin/python3'].find(
  (path) => path && spawnSync(path, ['-c', 'import torch']).status === 0,
);
const hasGcc = spawnSync('gcc', ['--version']).status === 0;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-libraries-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const failuresOf = (loaded: LoadedProblem): readonly string[] => {
  const { entry } = loaded.library?.program ?? {};
  if (!entry) throw new Error(`${loaded.problem.name} has no library program`);
  const { plans } = resolvedC(loaded, REFERENCE);
  const calls = resolveCalls(entry.style, { problem: loaded.problem, target: 'cpu' }).cases;
  const shapes = new Map(calls.map(({ name, tensors, values }) => [name, { values, shapes: tensors.map(({ shape }) => shape) }]));
  const cases = loaded.definitionFor('cpu', 'native').cases.map(({ name, tensors }) => {
    const call = shapes.get(name);
    return {
      name,
      plan: plans[name],
      values: call?.values,
      tensors: tensors.map((of, at) => ({ ...of, shape: call?.shapes[at] })),
    };
  });
  const program = { path: join(KERNELS, loaded.problem.name, entry.file), symbol: entry.symbol };
  const task = { tolerance: loaded.problem.tolerance, cases, reference: compiledC(loaded, REFERENCE, folder), program };
  const env = { ...process.env, PYTHONPATH: RUNNER };
  const output = execFileSync(python ?? '', [DRIVER], { input: JSON.stringify(task), maxBuffer: 2 ** 24, env });
  return (JSON.parse(output.toString()) as { failures: string[] }).failures;
};

test('there is one where PyTorch has a way of its own', () => {
  expect(problems.map(({ problem: { name } }) => name)).toEqual([
    'gather',
    'layernorm_backward',
    'matmul',
    'rmsnorm',
    'softmax',
    'topk',
    'transpose',
    'vector_add',
  ]);
});

describe.skipIf(!python || !hasGcc)('the library program (gcc and a Python with PyTorch needed)', () => {
  test.each(problems.map((loaded) => [loaded.problem.name, loaded] as const))(
    'of %s agrees with the reference on every shape',
    (_name, loaded) => {
      expect(failuresOf(loaded)).toEqual([]);
    },
  );
});
