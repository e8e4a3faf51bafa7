import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programFilesOf } from '../../../src/domain/problem.ts';
import { createSpace } from '../../../src/domain/sweep/space.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { languageOfFile } from '../../../src/domain/plan/language-of-file.ts';
import { casesOf, LANGUAGES_OF, type Target } from '../../../src/problems/targets.ts';
import { floorsOf } from '../../../src/problems/floors.ts';
import { peaksOf } from '../../../src/domain/ranking/device-peaks.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));
/** Ours meet more than a problem must: somebody's own problem in the folder is no failure. */
const SHIPPED = [
  'fp8_gemm',
  'gather',
  'grouped_gemm',
  'layernorm_backward',
  'masked_softmax',
  'matmul',
  'nvfp4_gemv',
  'paged_attention_decode',
  'rmsnorm',
  'softmax',
  'topk',
  'transpose',
  'vector_add',
];
const all = [...problems.values()].map((loaded) => [loaded.problem.name, loaded] as const);
const shipped = all.filter(([name]) => SHIPPED.includes(name));
const h100 = peaksOf({ kind: 'gpu', model: 'NVIDIA H100 80GB HBM3' });
const targetOf = (language: string): Target => (language === 'c' ? 'cpu' : 'gpu');
const allFiles = [...problems.values()].flatMap((loaded) =>
  Object.keys(loaded.files)
    .filter((file) => !programFilesOf(loaded.problem).includes(file))
    .map((file) => [loaded.problem.name, file] as const),
);

test('the problems of the folder are these', () => {
  expect([...problems.keys()]).toEqual(expect.arrayContaining(SHIPPED));
});

describe.each(shipped)('%s, which we ship,', (_name, loaded) => {
  test('is explained and has at least three GPU seeds and two for the cpu device', () => {
    expect(loaded.readme.length).toBeGreaterThan(400);
    expect(Object.keys(loaded.files).filter((file) => /^seeds\/\d-.*\.cu$/.test(file)).length).toBeGreaterThanOrEqual(3);
    expect(Object.keys(loaded.files).filter((file) => /^seeds\/.*\.c$/.test(file)).length).toBeGreaterThanOrEqual(2);
  });

  test('is timed on at least two shapes of every target, each with a floor', () => {
    for (const target of loaded.targets) {
      const floors = Object.values(floorsOf(loaded.problem, target, { peaks: h100, copyBytesPerSecond: null }));
      expect(floors.length).toBeGreaterThanOrEqual(2);
      for (const { hardFloorNs, floorNs } of floors) expect(hardFloorNs).toBeLessThan(floorNs ?? 0);
    }
  });
});

describe.each(all)('%s', (_name, loaded) => {
  test('checks a shape that is no multiple of 16 in every variable it allows', () => {
    const odd = loaded.problem.check.some(({ shape }) => Object.values(shape).some((size) => size % 16 !== 0));
    expect(odd).toBe(true);
  });
});

test.each(allFiles)('%s/%s resolves for every case of its target', (name, file) => {
  const loaded = problems.get(name);
  const language = languageOfFile(file);
  if (!loaded || !language) throw new Error('not loaded');
  const target = targetOf(language);
  expect(LANGUAGES_OF[target]).toContain(language);
  const content = { language, source: loaded.files[file] ?? '', params: {} };
  const result = resolveCandidate(loaded, { target, architecture: 'sm_90a', content });
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  expect(Object.keys(result.plans)).toEqual(casesOf(loaded.problem, target).map((item) => item.name));
});

const POINTS_MAX = 2000;

/** What the code needs of its params is in `constraints`: a sweep that follows the space then tries nothing that cannot be launched. */
test.each(allFiles.filter(([name, file]) => SHIPPED.includes(name) && file.startsWith('seeds/')))(
  '%s/%s can be launched at every point of its space that its conditions allow',
  (name, file) => {
    const loaded = problems.get(name);
    const language = languageOfFile(file);
    if (!loaded || !language) throw new Error('not loaded');
    const source = loaded.files[file] ?? '';
    const header = parseHeader(source, language);
    if (!header.ok) throw new Error(header.message);
    const { space: axes, where = [], constraints = [] } = header.plan;
    if (axes === undefined) return;
    const space = createSpace({ axes, where: [...where, ...constraints], fixed: {} });
    const points = Array.from({ length: Math.min(space.size, POINTS_MAX) }, (_, point) => point).filter((point) =>
      space.isValid(point),
    );
    const refused = points.flatMap((point) => {
      const params = space.paramsOf(point);
      const content = { language, source, params };
      const result = resolveCandidate(loaded, { target: targetOf(language), architecture: 'sm_90a', content });
      return result.ok ? [] : [{ params, outcome: result.outcome }];
    });
    expect(refused).toEqual([]);
    expect(points.length).toBeGreaterThan(1);
  },
);

/** Tests compile with nvcc, which takes it for code of the device; hosts compile with NVRTC, which takes it for the host's. */
test.each(allFiles.filter(([, file]) => languageOfFile(file) === 'cuda'))(
  '%s/%s has no generic lambda, which NVRTC refuses',
  (name, file) => {
    expect(problems.get(name)?.files[file]).not.toMatch(/\]\s*\([^()]*\bauto\b/u);
  },
);
