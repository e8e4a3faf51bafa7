import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { runProcess } from './process.ts';
import { EMPTY, failedOnce, sum, type Failure, type Tally } from './tally.ts';

const PROJECTS = ['unit', 'integration', 'e2e'] as const;
/** Several times what they need on a quiet machine with two cores. */
const PROJECT_LIMIT_MS = 3_600_000;
/** Of each project, told at its end: where the time of a run goes. */
const SLOWEST = 10;

const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});
type FileResult = z.infer<typeof Report>['testResults'][number];

const failuresOf = (file: FileResult): readonly Failure[] => {
  const path = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  // A file that could not be loaded has no assertion to show for it.
  if (failed.length === 0 && file.status === 'failed')
    return [{ name: path, detail: file.message ?? 'the file could not be run' }];
  return failed.map((test) => ({ name: `${path} > ${test.fullName}`, detail: (test.failureMessages ?? []).join('\n') }));
};

const tallyOf = (file: FileResult): Tally => ({
  passed: file.assertionResults.filter(({ status }) => status === 'passed').length,
  skipped: file.assertionResults.filter(({ status }) => !['passed', 'failed'].includes(status)).length,
  failures: failuresOf(file),
});

const slowestText = (files: readonly FileResult[]): string =>
  files
    .map(({ name, startTime, endTime }) => ({ path: relative(process.cwd(), name), seconds: (endTime - startTime) / 1000 }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST)
    .map(({ path, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${path}\n`)
    .join('');

const runProject = async (name: string, filters: readonly string[], folder: string): Promise<Tally> => {
  const report = join(folder, `vitest-${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code, limit, output } = await runProcess(
    ['node', 'node_modules/vitest/vitest.mjs', 'run', '--project', name, '--passWithNoTests', ...reporters, ...filters],
    { show: true, limitMs: PROJECT_LIMIT_MS },
  );
  if (!existsSync(report))
    return code === 0 ? EMPTY : failedOnce(`vitest ${name}`, limit || `no report, exit ${code}. ${output}`);
  const files = Report.parse(JSON.parse(readFileSync(report, 'utf8'))).testResults;
  if (files.length > 0) process.stdout.write(`\nthe slowest files of ${name}:\n${slowestText(files)}`);
  const tally = sum(files.map(tallyOf));
  if (code !== 0 && tally.failures.length === 0) {
    return sum([tally, failedOnce(`vitest ${name}`, `exit ${code} though no test failed: an unhandled error, shown above`)]);
  }
  return tally;
};

/** Unit, then integration, then end to end. `folder` takes the reports. */
export const runVitestSuites = async (filters: readonly string[], folder: string): Promise<readonly Tally[]> => {
  const tallies: Tally[] = [];
  for (const name of PROJECTS) {
    process.stdout.write(`\n== ${name}\n`);
    tallies.push(await runProject(name, filters, folder));
  }
  return tallies;
};
