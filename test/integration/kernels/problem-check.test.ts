/** Needs gcc and python3. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { mutantsOf } from '../../../src/problems/mutants.ts';
import { checkProblem } from '../../../src/problem-check.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folders = mkdtempSync(join(tmpdir(), 'kiln-problems-'));
afterAll(() => rmSync(folders, { recursive: true, force: true }));

/** The example of the documentation, with other inputs and another result. */
const changed = (distribution: string, result: string): string => {
  const folder = join(folders, 'scale');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(ROOT, 'test/fixtures/problems/scale'), folder, { recursive: true });
  edit(join(folder, 'problem.yaml'), 'low: -1, high: 1', distribution);
  edit(join(folder, 'reference.c'), 'x[i] * factor', result);
  return folder;
};
const edit = (path: string, from: string, to: string): void => writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
const check = (problem: string) => checkProblem(problem, { root: ROOT, env: process.env });

describe('what the checks of a problem do not find', () => {
  test('is nothing for a shipped one: every wrong version of its reference fails somewhere', async () => {
    const found = await check(join(ROOT, 'kernels/softmax'));
    expect(found).toMatchObject({ ok: true, refused: null, gaps: [] });
    expect(found.mutants.map(({ name }) => name)).toEqual([
      'zeros',
      'a constant',
      'a copy of the input',
      'the result of the inputs before',
      'scaled by 1 + 10 * tolerance',
      'a sum that leaves out the last sixteenth',
      'sums in f16',
      'sums in bf16',
    ]);
    expect(found.mutants.every(({ foundBy }) => foundBy !== null)).toBe(true);
  });

  test('is a wrong version that passes, where the inputs do not tell', async () => {
    const found = await check(changed('low: 1, high: 2', '(x[i] > 0 ? x[i] : 0)'));
    expect(found).toMatchObject({ ok: false, refused: null });
    expect(found.mutants).toContainEqual({ name: 'a copy of the input', foundBy: null });
    expect(found.gaps.length).toBeGreaterThan(0);
  });

  test('is a length of segments that changes from run to run', async () => {
    const folder = join(folders, 'grouped_gemm');
    cpSync(join(ROOT, 'kernels/grouped_gemm'), folder, { recursive: true });
    edit(join(folder, 'problem.yaml'), ', lengths_seed: 52', '');
    expect((await check(folder)).gaps).toEqual([expect.stringContaining('are drawn anew for each (many_experts)')]);
  });

  test('is everything for one that judges nobody', async () => {
    const found = await check(changed('low: -1, high: 1', '(x[i] > 9 ? x[i] : 0)'));
    expect(found.ok).toBe(false);
    expect(found.refused).toContain('zeros pass as y');
  });
});

test('a python3 that ends before it has read the question is told with its words', async () => {
  const path = join(folders, 'path');
  mkdirSync(path, { recursive: true });
  // More than a pipe holds is asked.
  const folder = changed('low: -1, high: 1', 'x[i] * factor');
  edit(join(folder, 'reference.c'), '*/', `*/\n${'// a long comment\n'.repeat(10_000)}`);
  writeFileSync(join(path, 'python3'), '#!/bin/sh\nexec 0<&-\necho "no such option" >&2\nexit 1\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${path}:${process.env['PATH'] ?? ''}` };
  await expect(checkProblem(folder, { root: ROOT, env })).rejects.toThrow('the problem could not be tried: no such option');
});

test('what is scaled is another number in the type of the output', () => {
  const definition = loadProblem(join(ROOT, 'kernels/gather')).definitionFor('cpu', 'native');
  expect(definition.tolerance.rtol).toBe(0);
  const scaled = mutantsOf(definition).wrong.find(({ name }) => name.startsWith('scaled'));
  expect(JSON.stringify(scaled?.unit)).toContain('1.015625');
});

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
])('sums of %s are cut and rounded in its reference', (name) => {
  const names = mutantsOf(loadProblem(join(ROOT, 'kernels', name)).definitionFor('cpu', 'native')).wrong.map(
    (mutant) => mutant.name,
  );
  expect(names).toEqual(expect.arrayContaining(['a sum that leaves out the last sixteenth', 'sums in f16', 'sums in bf16']));
});
