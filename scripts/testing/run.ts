/** `./kiln test [FILTER...]`: the checks and then the suites of TypeScript, side by side with those of Python, the failures again at the end, then one line of counts. */
import { accessSync, chmodSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessEnded } from '../../src/platform/clean-up.ts';
import { prepareEnvironment } from './environment.ts';
import { type Leftover, leftoversOf } from './leftovers.ts';
import { runPythonSuites } from './python-suites.ts';
import { runStaticChecks } from './static-checks.ts';
import { failedOnce, isSuccess, PASSED, sum, summaryLine, type Tally } from './tally.ts';
import { runVitestSuites } from './vitest-suites.ts';

const DETAIL_CHARS_MAX = 4000;

const IN_MEMORY = '/dev/shm';
/** Several times what a run keeps at once. */
const MEMORY_BYTES_MIN = 8 * 1024 ** 3;

/** In memory where nothing else is asked for and there is room: hundreds of databases, and none has to outlive the machine. */
const folderOfRuns = (): string => (process.env['TMPDIR'] === undefined && isRoomy(IN_MEMORY) ? IN_MEMORY : tmpdir());

/** It has room, on a disk and in memory, and programs may be run from there. Linux only. */
const isRoomy = (path: string): boolean => {
  try {
    const mounted = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const options = mounted
      .map((line) => line.split(' '))
      .findLast(([, at]) => at === path)?.[3]
      ?.split(',');
    const { bavail, bsize } = statfsSync(path);
    accessSync(path, constants.W_OK);
    return options?.includes('noexec') === false && Math.min(bavail * bsize, freemem()) >= MEMORY_BYTES_MIN;
  } catch {
    return false;
  }
};

/** Short, because paths of UNIX sockets below it end at 107 bytes; passable, because Postgres runs as another user. */
const makeFolder = (): string => {
  const folder = mkdtempSync(join(folderOfRuns(), 'kt-'));
  chmodSync(folder, 0o711);
  return folder;
};

const end = ({ pid }: Leftover): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

const checkNothingLeft = async (folder: string): Promise<Tally> => {
  const left = await leftoversOf(folder);
  left.forEach(end);
  return left.length === 0
    ? PASSED
    : failedOnce('no process is left behind', left.map(({ pid, command }) => `${pid} ${command}`).join('\n'));
};

const print = (tally: Tally): void => {
  for (const { name, detail } of tally.failures) process.stdout.write(`\nFAILED ${name}\n${detail.slice(0, DETAIL_CHARS_MAX)}\n`);
  process.stdout.write(`\n${summaryLine(tally)}\n`);
};

const runAll = async (filters: readonly string[], folder: string): Promise<Tally> => {
  const checksThenVitest = async (): Promise<readonly Tally[]> => [
    ...(filters.length === 0 ? await runStaticChecks() : []),
    ...(await runVitestSuites(filters, folder)),
  ];
  // Side by side: both wait a good part of their time, and most checks use one core.
  const suites = sum((await Promise.all([checksThenVitest(), runPythonSuites(filters, folder)])).flat());
  const leftovers = await checkNothingLeft(folder);
  // With nothing run, a clean process table is no success.
  return suites.passed + suites.failures.length === 0 ? sum([suites]) : sum([suites, leftovers]);
};

prepareEnvironment();
const folder = makeFolder();
process.env['TMPDIR'] = folder;
const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
const tally = await unlessEnded(removeFolder, async () => runAll(process.argv.slice(2), folder));
removeFolder();
print(tally);
process.exitCode = isSuccess(tally) ? 0 : 1;
