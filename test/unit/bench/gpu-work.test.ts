import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gpuWork } from '../../../bench/gpu/work.ts';
import { wrapSeed } from '../../../bench/gpu/wrap-seed.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');

test('every seed for GPUs of every problem is judged, with the files that it includes', () => {
  const work = gpuWork('H100', ['cuda', 'triton']).filter(({ kind }) => kind === 'seed');
  const names = readdirSync(KERNELS).flatMap((problem) =>
    readdirSync(join(KERNELS, problem, 'seeds')).flatMap((file) => (file.endsWith('.c') ? [] : [`${problem}/${file}`])),
  );
  expect(work.map(({ problem, name }) => `${problem}/${name}`).toSorted()).toEqual(names.toSorted());
  expect(work.filter(({ body }) => body.source.includes('#include "'))).toEqual([]);
  expect(work.filter(({ body }) => body.source.includes('#line 1 "scores.cuh"')).length).toBe(3);
});

test.each([
  ['layernorm_backward', '4-one-launch.cu', 'blocks wait for each other'],
  ['masked_softmax', '2-registers.cu', 'the compiler has options'],
  ['softmax', '3-registers.cu', 'blocks are in clusters'],
])('no program is made of %s/seeds/%s, as %s', (problem, file) => {
  const { files, ...loaded } = loadProblem(join(KERNELS, problem));
  const plain = Object.keys(files).find((name) => /^seeds\/1-.*\.cu$/u.test(name)) ?? '';
  const wrapped = (name: string) => wrapSeed({ files, ...loaded }, { language: 'cuda', source: files[name] ?? '' });
  expect(wrapped(`seeds/${file}`)).toBeNull();
  expect(wrapped(plain)).not.toBeNull();
});
