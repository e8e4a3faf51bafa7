import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { env } from 'node:process';

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
  const folder = dirname(stdout.trim());
  const folders = (env['PATH'] ?? '').split(delimiter);
  if (folders[0] !== folder) env['PATH'] = [folder, ...folders].join(delimiter);
};
