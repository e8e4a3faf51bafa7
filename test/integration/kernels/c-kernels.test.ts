import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoadedProblem, loadProblems } from '../../../src/problems/load-problems.ts';
import { compiledC, resolvedC } from '../../support/compiled-c.ts';

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

const judge = (loaded: LoadedProblem) => {
  const files = Object.keys(loaded.files).filter((file) => file.endsWith('.c'));
  const resolved = files.map((file) => ({ file, plans: resolvedC(loaded, file).plans }));
  const cases = loaded.definitionFor('cpu', 'native').cases.map(({ name, kind, tensors }) => ({
    name,
    tensors,
    timed: kind === 'bench',
    plans: Object.fromEntries(resolved.map(({ file, plans }) => [file, plans[name]])),
  }));
  const libraries = Object.fromEntries(files.map((file) => [file, compiledC(loaded, file, folder)]));
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
