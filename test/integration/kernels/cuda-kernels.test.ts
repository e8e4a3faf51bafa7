import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { kernelUnit } from '../../support/kernel-unit.ts';

const run = promisify(execFile);
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;
const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));
const files = [...problems.values()].flatMap((loaded) =>
  Object.keys(loaded.files)
    .filter((file) => file.endsWith('.cu'))
    .map((file) => ({ title: `${loaded.problem.name}/${file}`, loaded, file })),
);
/** Macros of the host's headers, which nvcc brings along and NVRTC does not. */
const HOST_ONLY = /\b(INFINITY|NAN|FLT_MAX|FLT_MIN|DBL_MAX|M_PI|u?int(8|16|32|64)_t|std::|printf|assert)\b/;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cuda-kernels-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each(files)('$title needs nothing of the host, so that NVRTC compiles it', ({ loaded, file }) => {
  const source = (loaded.files[file] ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  expect(source).not.toMatch(HOST_ONLY);
  for (const [, header] of source.matchAll(/#include\s+(\S+)/g))
    expect(['<cuda_fp16.h>', '<cuda_bf16.h>', '<cuda_fp8.h>', '<mma.h>', '<cooperative_groups.h>']).toContain(header);
});

describe.skipIf(!hasNvcc)('compiled for sm_90a (nvcc needed)', () => {
  test.concurrent.each(files)('$title has the kernels of its plan and spills no register', async ({ title, loaded, file }) => {
    const content = { language: 'cuda', source: loaded.files[file] ?? '', params: {} } as const;
    const result = resolveCandidate(loaded, { target: 'gpu', architecture: 'sm_90a', content });
    if (!result.ok) throw new Error(result.outcome.message);
    const source = join(folder, title.replaceAll('/', '-'));
    writeFileSync(source, content.source);
    const defines = Object.entries(kernelUnit(result.unit).params).map(([name, value]) => `-D${name}=${value}`);
    const target = ['-gencode=arch=compute_90a,code=sm_90a', '-std=c++17', '-Xptxas', '-v', '-Werror', 'all-warnings'];
    const { use_fast_math: isFast, ...others } = kernelUnit(result.unit).compile ?? {};
    expect(others, 'options that this test gives to nvcc').toEqual({});
    if (isFast === 1) target.push('--use_fast_math');
    const { stderr } = await run('nvcc', ['-cubin', ...target, ...defines, '-o', `${source}.cubin`, source]);
    const kernels = Object.values(result.plans).flatMap((plan) => plan.launches.map((launch) => launch.kernel));
    for (const kernel of kernels) expect(stderr).toContain(`Compiling entry function '${kernel}'`);
    expect(stderr).not.toMatch(/[1-9]\d* bytes spill/);
  });
});
