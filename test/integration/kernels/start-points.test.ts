/** The kernels that `evolve` begins from: right at every point of their space that compiles, and refused by their own words elsewhere. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pick, randomFrom } from '../../../src/platform/random.ts';
import { fileOf } from '../../../src/domain/problem.ts';
import type { Language, Params } from '../../../src/domain/plan/plan.ts';
import { type LoadedProblem, loadProblems } from '../../../src/problems/load-problems.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { kernelUnit } from '../../support/kernel-unit.ts';

const DRIVER = join(import.meta.dirname, 'run_c_kernels.py');
const run = promisify(execFile);
const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;
const problems = [...loadProblems(join(import.meta.dirname, '../../../kernels')).values()];
const starts = (file: string) =>
  problems.filter((loaded) => loaded.files[file] !== undefined).map((loaded) => [loaded.problem.name, loaded] as const);

/** Points drawn of each space; some of them do not compile. */
const C_POINTS = 8;
/** Points that compile; nvcc takes a second for each. */
const CUDA_POINTS = 2;
const CUDA_DRAWS_MAX = 30;
const DRAWS_MAX = 400;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-start-points-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const planned = (loaded: LoadedProblem, file: string, params: Params) => {
  const language: Language = file.endsWith('.c') ? 'c' : 'cuda';
  const target = language === 'c' ? 'cpu' : 'gpu';
  const content = { language, source: loaded.files[file] ?? '', params };
  const result = resolveCandidate(loaded, { target, architecture: 'sm_90a', content });
  return result.ok ? { params: kernelUnit(result.unit).params, plans: result.plans } : null;
};

/** Of those whose plan resolves: the others cost nobody anything. */
const drawPoints = (loaded: LoadedProblem, file: string, count: number) => {
  const header = parseHeader(loaded.files[file] ?? '', file.endsWith('.c') ? 'c' : 'cuda');
  if (!header.ok) throw new Error(header.message);
  const space = Object.entries(header.plan.space ?? {});
  expect(space.map(([name]) => name)).toEqual(Object.keys(header.plan.params));
  const random = randomFrom(loaded.problem.name.length, count);
  const drawn = Array.from({ length: DRAWS_MAX }, () =>
    Object.fromEntries(space.map(([name, values]) => [name, pick(random, values) ?? 0])),
  );
  return drawn
    .map((params) => planned(loaded, file, params))
    .filter((point) => point !== null)
    .slice(0, count);
};

/** Null where the source itself refuses the point. */
const compile = async (name: string, source: string, command: readonly [string, ...string[]]): Promise<string | null> => {
  const path = join(folder, name);
  writeFileSync(path, source);
  try {
    await run(command[0], [...command.slice(1), '-o', `${path}.out`, path, ...(command[0] === 'gcc' ? ['-lm'] : [])]);
    return `${path}.out`;
  } catch (error) {
    if (error instanceof Error && /static assertion failed/.test(error.message)) return null;
    throw error;
  }
};

const GCC = ['gcc', '-O3', '-march=native', '-std=gnu11', '-shared', '-fPIC'] as const;
const NVCC = ['nvcc', '-cubin', '-gencode=arch=compute_90a,code=sm_90a', '-std=c++17'] as const;
const defines = (params: Params) => Object.entries(params).map(([name, value]) => `-D${name}=${value}`);

describe.skipIf(!has('gcc') || !has('python3'))('start.c (gcc and python3 needed)', () => {
  test.each(starts('evolve/start.c'))('of %s is right wherever it compiles', async (name, loaded) => {
    const reference = fileOf(loaded.problem.cpu?.reference ?? '');
    const points = [planned(loaded, reference, {}), ...drawPoints(loaded, 'evolve/start.c', C_POINTS)];
    const built = await Promise.all(
      points.map(async (point, i) => {
        const source = loaded.files[i === 0 ? reference : 'evolve/start.c'] ?? '';
        const library = point && (await compile(`${name}-${i}.c`, source, [...GCC, ...defines(point.params)]));
        return point && library ? [{ ...point, library, file: i === 0 ? reference : JSON.stringify(point.params) }] : [];
      }),
    );
    const usable = built.flat();
    expect(usable.length).toBeGreaterThan(C_POINTS / 4);
    const cases = loaded.definitionFor('cpu', 'native').cases.map(({ name: of, tensors }) => ({
      name: of,
      tensors,
      timed: false,
      plans: Object.fromEntries(usable.map(({ file, plans }) => [file, plans[of]])),
    }));
    const libraries = Object.fromEntries(usable.map(({ file, library }) => [file, library]));
    const task = { tolerance: loaded.problem.tolerance, cases, libraries, reference };
    const output = execFileSync('python3', [DRIVER], { input: JSON.stringify(task), maxBuffer: 2 ** 24 });
    expect((JSON.parse(output.toString()) as { failures: string[] }).failures).toEqual([]);
  });
});

describe.skipIf(!has('nvcc'))('start.cu (nvcc needed)', () => {
  test.each(starts('evolve/start.cu'))('of %s compiles for sm_90a, or says why not', async (name, loaded) => {
    let compiled = 0;
    for (const [i, { params }] of drawPoints(loaded, 'evolve/start.cu', CUDA_DRAWS_MAX).entries()) {
      const cubin = await compile(`${name}-${i}.cu`, loaded.files['evolve/start.cu'] ?? '', [...NVCC, ...defines(params)]);
      if (cubin !== null) compiled += 1;
      if (compiled === CUDA_POINTS) break;
    }
    expect(compiled).toBe(CUDA_POINTS);
  });
});
