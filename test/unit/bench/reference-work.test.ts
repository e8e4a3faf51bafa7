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
  expect([...problems.keys()]).toEqual(
    [...names.flatMap((name) => [name, `${name}_torch`]), 'softmax_checked', 'softmax_derived'].toSorted(),
  );
  for (const name of names) {
    const { reference, cases } = problems.get(`${name}_torch`)?.definitionFor('gpu', 'sm_90a') ?? {};
    expect(reference).toMatchObject({ language: 'python', environment: 'torch' });
    expect(cases).toHaveLength(problems.get(name)?.definitionFor('gpu', 'sm_90a').cases.length ?? 0);
  }
  const derived = problems.get('softmax_derived')?.definitionFor('gpu', 'sm_90a');
  expect(derived).toMatchObject({ inputs: { side: 'inputs', environment: 'torch' }, reference: { language: 'cuda' } });
  expect(derived?.cases.map(({ raw }) => raw?.map(({ distribution }) => distribution))).toEqual(
    problems
      .get('softmax')
      ?.definitionFor('gpu', 'sm_90a')
      .cases.map(({ tensors }) => [tensors[0]?.distribution]),
  );
  expect(derived?.cases.at(-1)?.hard).toHaveLength(
    problems.get('softmax')?.definitionFor('gpu', 'sm_90a').cases.at(-1)?.hard?.length ?? 0,
  );
  const items = referenceItems(folder, names, 'H100');
  expect(items.filter(({ problem }) => problem === 'softmax_derived')).toHaveLength(
    items.filter(({ problem }) => problem === 'softmax_torch').length,
  );
  const checked = problems.get('softmax_checked')?.definitionFor('gpu', 'sm_90a');
  expect(checked).toMatchObject({ verify: { side: 'verify', environment: 'torch' }, reference: { language: 'cuda' } });
  expect(items.filter(({ problem }) => problem === 'softmax_checked')).toHaveLength(
    items.filter(({ problem }) => problem === 'softmax_torch').length,
  );
  for (const name of names) {
    const own = items.filter(({ problem }) => problem === `${name}_torch`);
    expect(new Set(own.flatMap(({ expected }) => expected))).toEqual(new Set(['passed', 'wrong_answer']));
    expect(own.every(({ body, beside }) => beside?.source === body.source && beside.problem === name)).toBe(true);
  }
});

test('twins promise the shapes that their native problem does', () => {
  const again = mkdtempSync(join(folder, 'again-'));
  const names = writeReferenceProblems(again, ['softmax']);
  const problems = [...loadProblems(again).values()];
  expect(problems.length).toBeGreaterThan(names.length);
  const bounds = problems.map(({ problem }) => problem.hidden);
  expect(bounds).toEqual(bounds.map(() => bounds[0]));
  expect(bounds[0]).toBeDefined();
});
