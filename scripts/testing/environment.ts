import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';

const PYTHON_START_MS_MAX = 30_000;
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/kiln-compiled');

/**
 * Suites start hundreds of programs. Makes each start cheap: `python3` is the interpreter itself, not the shim of a version manager (a
 * shell script that takes ten times as long), and Node keeps what it compiled of our sources. Where the interpreter cannot be asked,
 * PATH stays as it is.
 */
export const prepareEnvironment = (): void => {
  env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE;
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
    timeout: PYTHON_START_MS_MAX,
  });
  if (status !== 0 || stdout.trim() === '') return;
  const [interpreter, folders] = [stdout.trim(), (env['PATH'] ?? '').split(delimiter)];
  const first = folders.map((folder) => join(folder, 'python3')).find((path) => existsSync(path));
  if (first === undefined || realpathSync(first) === realpathSync(interpreter)) return;
  // This Node stays the first: the interpreter's folder may hold an older one.
  env['PATH'] = [dirname(execPath), dirname(interpreter), ...folders].join(delimiter);
};
