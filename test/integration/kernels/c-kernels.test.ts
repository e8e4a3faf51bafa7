import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoadedProblem, loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { kernelUnit } from '../../support/kernel-unit.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');
const DRIVER = join(import.meta.dirname, 'run_c_kernels.py');
const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;
const problems = [...loadProblems(KERNELS).values()].filter((loaded) => loaded.targets.includes('cpu'));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-c-kernels-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const resolve = (loaded: LoadedProblem, file: string) => {
  const content = { language: 'c', source: loaded.files[file] ?? '', params: {} } as const;
  const result = resolveCandidate(loaded, { target: 'cpu', architecture: 'native', content });
  if (!result.ok) throw new Error(`${file}: ${JSON.stringify(result.outcome)}`);
  return result;
};

/** Compiled with the options the runner uses, warnings being errors. */
const compile = (loaded: LoadedProblem, file: string): string => {
  const source = join(folder, `${loaded.problem.name}-${file.replaceAll('/', '-')}`);
  const params = Object.entries(kernelUnit(resolve(loaded, file).unit).params).map(([name, value]) => `-D${name}=${value}`);
  writeFileSync(source, loaded.files[file] ?? '');
  const options = ['-O3', '-march=native', '-std=gnu11', '-shared', '-fPIC', '-Wall', '-Werror'];
  execFileSync('gcc', [...options, ...params, '-o', `${source}.so`, source, '-lm'], { stdio: 'pipe' });
  return `${source}.so`;
};

const judge = (loaded: LoadedProblem) => {
  const files = Object.keys(loaded.files).filter((file) => file.endsWith('.c'));
  const resolved = files.map((file) => ({ file, plans: resolve(loaded, file).plans }));
  const cases = loaded.definitionFor('cpu', 'native').cases.map(({ name, kind, tensors }) => ({
    name,
    tensors,
    timed: kind === 'bench',
    plans: Object.fromEntries(resolved.map(({ file, plans }) => [file, plans[name]])),
  }));
  const libraries = Object.fromEntries(files.map((file) => [file, compile(loaded, file)]));
  const task = { tolerance: loaded.problem.tolerance, cases, libraries, reference: loaded.problem.cpu?.reference };
  const output = execFileSync('python3', [DRIVER], { input: JSON.stringify(task), maxBuffer: 2 ** 24 });
  return JSON.parse(output.toString()) as { failures: string[] };
};

describe.skipIf(!has('gcc') || !has('python3'))('the C kernels (gcc and python3 needed)', () => {
  test.each(problems.map((loaded) => [loaded.problem.name, loaded] as const))(
    'of %s agree with their reference on every shape, inside their buffers',
    (_name, loaded) => {
      expect(judge(loaded).failures).toEqual([]);
    },
  );
});
