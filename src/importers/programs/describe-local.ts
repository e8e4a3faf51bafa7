/** Describes sources on this machine: describe.py, with a Python that has PyTorch, on a folder of its own. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KilnError } from '../../domain/errors.ts';
import { withTemporaryFolder } from '../../platform/clean-up.ts';
import { runBounded } from '../run-bounded.ts';
import type { Answer } from './described.ts';
import { answersOf } from './answers.ts';
import type { Source } from './source.ts';
import { TASKS_FILE, taskFolder } from './tasks.ts';

const DESCRIBE = join(import.meta.dirname, '../describe');
const SAID_CHARS_MAX = 64 * 2 ** 20;
const START_MS_MAX = 300_000;

export interface DescribeOptions {
  /** Left out: the first here that has PyTorch. */
  readonly python?: string | undefined;
  /** That describing one may take. */
  readonly seconds: number;
}

/** In the order of the sources. Throws INVALID_REQUEST, with what to do, where nothing can be described. */
export const describeLocal = async (sources: readonly Source[], options: DescribeOptions): Promise<readonly Answer[]> =>
  withTaskFolder(sources, options.seconds, async (folder) => {
    const command = describeCommand(folder, options.python);
    const { exitCode, said, lastWords, ended } = await runBounded(command, {
      limitMs: sources.length * options.seconds * 1000 + START_MS_MAX,
      saidCharsMax: SAID_CHARS_MAX,
      remedy: 'name a Python that has PyTorch (--python PATH)',
    });
    if (exitCode !== 0)
      throw new KilnError('INVALID_REQUEST', `${command[0]} ${ended}${lastWords === '' ? '' : `: ${lastWords}`}`);
    return answersOf(
      said,
      '--python PATH names one; pip install torch makes one (no GPU is needed); --host NAME uses one of a host',
    );
  });

/** Program and arguments; `folder` has what withTaskFolder made. */
export const describeCommand = (folder: string, python: string | undefined): readonly [string, ...string[]] => {
  const code = join(folder, 'describe');
  const tasks = join(folder, TASKS_FILE);
  return python === undefined ? ['sh', join(code, 'describe.sh'), code, tasks] : [python, join(code, 'describe.py'), tasks];
};

/** A folder with describe.py and all that it is asked, for as long as `use` takes. */
export const withTaskFolder = async <T>(
  sources: readonly Source[],
  seconds: number,
  use: (folder: string) => Promise<T>,
): Promise<T> =>
  withTemporaryFolder('kiln-import-', async (folder) => {
    await cp(DESCRIBE, join(folder, 'describe'), { recursive: true, filter: (path) => !path.endsWith('__pycache__') });
    for (const [path, text] of Object.entries(taskFolder(sources, seconds))) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return use(folder);
  });
