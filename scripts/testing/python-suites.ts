import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { runProcess } from './process.ts';
import { failedOnce, type Tally } from './tally.ts';

/** Only so that a suite that hangs ends: many times what it takes on a quiet machine with two cores. */
const SUITE_LIMIT_MS = 3_600_000;

const Report = z.object({
  passed: z.int(),
  skipped: z.int(),
  failures: z.array(z.object({ name: z.string(), detail: z.string() })),
});

const areas = (filters: readonly string[]): readonly string[] => {
  const folders = new Set(globSync('test/python/**/test_*.py').map((file) => dirname(file)));
  return [...folders].toSorted().filter((folder) => filters.length === 0 || filters.some((filter) => folder.includes(filter)));
};

const runArea = async (area: string, folder: string): Promise<Tally> => {
  const report = join(folder, `${area.replaceAll('/', '-')}.json`);
  const { code, limit, output } = await runProcess(['python3', 'scripts/testing/unittests.py', area, report], {
    show: false,
    limitMs: SUITE_LIMIT_MS,
  });
  process.stdout.write(`\n== ${area}\n${output}\n`);
  if (!existsSync(report))
    return failedOnce(area, limit || `the suite ended with ${code} and left no report; its output is above`);
  return Report.parse(JSON.parse(readFileSync(report, 'utf8')));
};

/**
 * The unittest suites, one process for each folder of test/python: a judge forks, and must not fork another suite's state. What a suite
 * prints is shown when it has ended, as other suites may run beside it.
 */
export const runPythonSuites = async (filters: readonly string[], folder: string): Promise<readonly Tally[]> => {
  const tallies: Tally[] = [];
  for (const area of areas(filters)) tallies.push(await runArea(area, folder));
  return tallies;
};
