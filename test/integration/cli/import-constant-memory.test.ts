/** Needs python3; nvcc where there is one. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedPlan } from '../../../src/domain/plan/resolved-plan.ts';
import type { CompileUnit } from '../../../src/domain/protocol.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURES = join(ROOT, 'test/fixtures/importers');
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-import-constant-'));
  cpSync(FIXTURES, join(folder, 'there'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const kiln = (file: string): Promise<CliRun> =>
  runCli(['import', 'kerneltuner', `there/${file}`, '--to', join(folder, 'kernels')], { cwd: folder });

interface Seed {
  readonly unit: CompileUnit;
  readonly plan: ResolvedPlan | undefined;
  readonly tensors: unknown;
}

const seedOf = (name: string): Seed => {
  const loaded = loadProblem(join(folder, 'kernels', name));
  const source = readFileSync(join(folder, 'kernels', name, 'seeds/1-kernel.cu'), 'utf8');
  const content = { source, language: 'cuda' as const, params: {} };
  const resolved = resolveCandidate(loaded, { target: 'gpu', architecture: 'sm_90a', content });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.outcome));
  return { unit: resolved.unit, plan: Object.values(resolved.plans)[0], tensors: loaded.problem.tensors };
};

/** What the plan of both fills, with rows of so many elements. */
const symbolsAt = (width: number): unknown => [
  { name: 'd_filter', value: { kind: 'tensor', name: 'd_filter' } },
  { name: 'd_width', value: { kind: 'scalar', dtype: 'i32', value: width } },
];

describe('constant memory of a tuning problem', () => {
  test('becomes symbols of the plan, and no arguments', async () => {
    expect(await kiln('convolution.json')).toMatchObject({ code: 0, stderr: '' });
    const { plan, tensors } = seedOf('convolution');
    expect(plan?.symbols).toEqual(symbolsAt(400));
    expect(plan?.launches[0]?.args).toEqual([
      { kind: 'tensor', name: 'output' },
      { kind: 'tensor', name: 'input' },
      { kind: 'scalar', dtype: 'i32', value: 200 },
    ]);
    expect(tensors).toMatchObject({ d_filter: { dtype: 'f32', role: 'in', distribution: { kind: 'normal' } } });
  });

  test('of a script becomes the same', async () => {
    expect(await kiln('tune_convolution.py')).toMatchObject({ code: 0 });
    expect(seedOf('convolve').plan?.symbols).toEqual(symbolsAt(40));
  });

  test('that a kernel would write is refused', async () => {
    const text = readFileSync(join(folder, 'there/convolution.json'), 'utf8');
    const written = text.replace('"Constant", "AccessType": "ReadOnly"', '"Constant", "AccessType": "ReadWrite"');
    expect(written).not.toBe(text);
    writeFileSync(join(folder, 'there/convolution.json'), written);
    const { code, stderr } = await kiln('convolution.json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Arguments\[2\]: "d_filter" is constant memory, which no kernel writes: its AccessType is ReadOnly/);
  });

  test.skipIf(!hasNvcc)('is there in the compiled code, with room for what fills it (nvcc needed)', async () => {
    await kiln('convolution.json');
    const run = promisify(execFile)('python3', ['-c', VARIABLES, folder, JSON.stringify(seedOf('convolution').unit)], {
      env: { ...process.env, PYTHONPATH: join(ROOT, 'src/gpu/runner') },
    });
    expect(JSON.parse((await run).stdout)).toEqual({ d_filter: 17 * 17 * 4, d_width: 4 });
  });
});

/** As the runner compiles candidates: variables of the code and their bytes. */
const VARIABLES = `
import json, sys
from kiln_runner.compile.cuda import compile_nvcc
from kiln_runner.compile.elf import cubin_variables
built = compile_nvcc("nvcc", json.loads(sys.argv[2]), sys.argv[1])
print(json.dumps({name: variable.bytes for name, variable in cubin_variables(built.files["code.cubin"]).items()}))
`;
