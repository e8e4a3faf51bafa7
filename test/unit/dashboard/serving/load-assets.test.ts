import { expect, test } from 'vitest';
import { assetsOf, readSources } from '../../../../src/dashboard/serving/assets.ts';
import { loadAssets } from '../../../../src/dashboard/serving/load-assets.ts';

const TRIES_MAX = 20;
const SHARE_MAX = 1 / 3;

const cpuMs = async (work: () => unknown): Promise<number> => {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
};

/** In turn, of each the least so far: what else this process has to do, and a busy machine, are in some of the tries. */
const leastShare = async (of: () => unknown, than: () => unknown, enough: number): Promise<number> => {
  let [own, other] = [Infinity, Infinity];
  for (let tries = 0; tries < TRIES_MAX && !(own / other < enough); tries += 1) {
    other = Math.min(other, await cpuMs(than));
    own = Math.min(own, await cpuMs(of));
  }
  return own / other;
};

test('are the same files as read here, and cost the thread that asks for them a small part of that', async () => {
  expect(await leastShare(loadAssets, () => assetsOf(readSources()), SHARE_MAX)).toBeLessThan(SHARE_MAX);
  const [here, loaded] = [assetsOf(readSources()), await loadAssets()];
  expect(loaded.base).toBe(here.base);
  expect([...loaded.files.keys()]).toEqual([...here.files.keys()]);
});
