import { expect, test } from 'vitest';
import { assetsOf, readSources } from '../../../../src/dashboard/serving/assets.ts';
import { loadAssets } from '../../../../src/dashboard/serving/load-assets.ts';

const TRIES = 3;

/** The least of some tries: what other tests of this process left to be collected is in some of them. */
const leastCpuMs = async (work: () => unknown): Promise<number> => {
  const tries: number[] = [];
  for (let left = TRIES; left > 0; left -= 1) {
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    tries.push((user + system) / 1000);
  }
  return Math.min(...tries);
};

test('are the same files as read here, and cost the thread that asks for them a small part of that', async () => {
  const readingMs = await leastCpuMs(() => assetsOf(readSources()));
  expect(await leastCpuMs(loadAssets)).toBeLessThan(readingMs / 3);
  const [here, loaded] = [assetsOf(readSources()), await loadAssets()];
  expect(loaded.base).toBe(here.base);
  expect([...loaded.files.keys()]).toEqual([...here.files.keys()]);
});
