import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { referenceItems, writeReferenceProblems } from '../../../bench/gpu/reference-work.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-references-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('problems with PyTorch references load beside their native twins, and the same candidates are judged by both', () => {
  const names = writeReferenceProblems(folder, undefined);
  const problems = loadProblems(folder);
  expect([...problems.keys()]).toEqual(names.flatMap((name) => [name, `${name}_torch`]).toSorted());
  for (const name of names) {
    const { reference, cases } = problems.get(`${name}_torch`)?.definitionFor('gpu', 'sm_90a') ?? {};
    expect(reference).toMatchObject({ language: 'python', environment: 'torch' });
    expect(cases).toHaveLength(problems.get(name)?.definitionFor('gpu', 'sm_90a').cases.length ?? 0);
  }
  const items = referenceItems(folder, names, 'H100');
  for (const name of names) {
    const own = items.filter(({ problem }) => problem === `${name}_torch`);
    expect(new Set(own.flatMap(({ expected }) => expected))).toEqual(new Set(['passed', 'wrong_answer']));
    expect(own.every(({ body, beside }) => beside?.source === body.source && beside.problem === name)).toBe(true);
  }
});
