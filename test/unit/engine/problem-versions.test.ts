import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProblemVersions } from '../../../src/engine/problem-versions.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';

const loaded = [...loadProblems(join(import.meta.dirname, '../../fixtures/problems')).values()].find(
  ({ problem }) => problem.name === 'scale',
);

test('a version whose rankings could not be read is not known, and is recalled again', async () => {
  if (!loaded) throw new Error('no problem "scale"');
  const { problem, readme, files } = loaded;
  const content = { problem: 'scale', problemVersion: loaded.contentHash('gpu'), device: 'H100' };
  let failures = 1;
  const versions = createProblemVersions({
    store: {
      keepProblemVersions: async () => Promise.resolve(),
      problemVersion: async () => Promise.resolve({ problem, readme, files }),
    },
    current: [],
    onRecalled: async () => {
      failures -= 1;
      return failures < 0 ? Promise.resolve() : Promise.reject(new Error('the store is away'));
    },
  });
  await expect(versions.recall([content])).rejects.toThrow('the store is away');
  expect(versions.of(content)).toBeNull();
  await versions.recall([content]);
  expect(versions.of(content)).toMatchObject({ problem: { name: 'scale' } });
});
