import { expect, test } from 'vitest';
import { assetsOf, readSources } from '../../../../src/dashboard/serving/assets.ts';
import { loadAssets } from '../../../../src/dashboard/serving/load-assets.ts';

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000;
};

test('are the same files as read here, and cost the thread that asks for them a small part of that', async () => {
  const beforeReading = process.threadCpuUsage();
  const here = assetsOf(readSources());
  const readingMs = cpuMs(beforeReading);
  const beforeLoading = process.threadCpuUsage();
  const loaded = await loadAssets();
  expect(cpuMs(beforeLoading)).toBeLessThan(readingMs / 3);
  expect(loaded.base).toBe(here.base);
  expect([...loaded.files.keys()]).toEqual([...here.files.keys()]);
});
