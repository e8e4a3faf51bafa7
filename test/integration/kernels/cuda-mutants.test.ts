/** Needs python3 and nvcc. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { mutantsOf } from '../../../src/problems/mutants.ts';
import type { Mutant } from '../../../src/problems/mutants.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'kiln-mutants-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;

/** As the runner compiles candidates. Prints the kernels of each, or what the compiler said. */
const COMPILE = `
import json, sys
from kiln_runner.compile.cuda import compile_nvcc
from kiln_runner.compile.elf import kernel_names
def built(unit):
    done = compile_nvcc("nvcc", unit, sys.argv[1])
    files = getattr(done, "files", None)
    return sorted(kernel_names(files["code.cubin"])) if files else [str(getattr(done, "log", done))]
json.dump([built(unit) for unit in json.load(sys.stdin)], sys.stdout)
`;

const wrongVersions = (problem: string): readonly Mutant[] => {
  const { own, wrong } = mutantsOf(loadProblem(join(ROOT, 'kernels', problem)).definitionFor('gpu', 'sm_90a'));
  return [...(own ? [own] : []), ...wrong];
};

const compiled = (mutants: readonly Mutant[]): readonly string[][] => {
  const { stdout, stderr } = spawnSync('python3', ['-c', COMPILE, folder], {
    input: JSON.stringify(mutants.map(({ unit }) => unit)),
    env: { ...process.env, PYTHONPATH: join(ROOT, 'src/gpu/runner') },
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
};

const kernelsOf = ({ plans }: Mutant): readonly string[] => [
  ...new Set(Object.values(plans).flatMap(({ launches }) => launches.map(({ kernel }) => kernel))),
];

describe('wrong versions of a CUDA reference', () => {
  test.each([
    'softmax',
    'rmsnorm',
    'layernorm_backward',
    'masked_softmax',
    'matmul',
    'fp8_gemm',
    'grouped_gemm',
    'nvfp4_gemv',
    'paged_attention_decode',
  ])('of %s cut and round its sums too', (problem) => {
    const outputs = Object.entries(loadProblem(join(ROOT, 'kernels', problem)).problem.tensors).filter(
      ([, { role }]) => role !== 'in',
    );
    const scaled = 'scaled by 1 + 10 * tolerance';
    expect(wrongVersions(problem).map(({ name }) => name)).toEqual([
      'the reference itself',
      'zeros',
      'a constant',
      'a copy of the input',
      'the result of the inputs before',
      ...(outputs.length === 1 ? [scaled] : outputs.map(([name]) => `${name} ${scaled}`)),
      'a sum that leaves out the last sixteenth',
      'sums in f16',
      'sums in bf16',
    ]);
  });

  test('cut the loop that sums, not one over the places that it sums in', () => {
    const cut = wrongVersions('matmul').find(({ name }) => name.startsWith('a sum'))?.unit.source;
    expect(cut).toContain('for (int p = 0; p < (DEPTH) - ((DEPTH) + 15) / 16; p++)');
    expect(cut).toContain('for (int j = 0; j < 8; j++) sum[i][j] += ');
  });

  test('move no pointer and no step of a loop in f16', () => {
    const rounded = wrongVersions('softmax').find(({ name }) => name === 'sums in f16')?.unit.source;
    expect(rounded).toContain('x += (size_t)blockIdx.x * cols;');
    expect(rounded).toContain('c += 256) sum = __half2float(__float2half((float)(sum + (exp(x[c] - largest)))));');
  });

  test.skipIf(!hasNvcc).each(['rmsnorm', 'matmul'])('of %s compile, and have every kernel that they launch', (problem) => {
    const mutants = wrongVersions(problem);
    const found = compiled(mutants);
    for (const [at, mutant] of mutants.entries()) expect(found[at]).toEqual(expect.arrayContaining([...kernelsOf(mutant)]));
  });
});
