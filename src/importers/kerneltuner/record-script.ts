/** Runs a tuning script on this machine with a stand-in for its tuner, which writes down what the script would have tuned. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { env } from 'node:process';
import { KilnError } from '../../domain/errors.ts';
import { unlessEnded } from '../../platform/clean-up.ts';
import { killGroup } from '../../platform/process-group.ts';

const RECORDER = join(import.meta.dirname, 'recorder');
const SCRIPT_MS_MAX = 300_000;
const SAID_CHARS_MAX = 2000;

export interface Recording {
  /** Files in the T1 form, in the order of the calls. */
  readonly files: readonly string[];
  /** How the script ended behind its last call, where that was badly; null otherwise. */
  readonly complaint: string | null;
}

/** `folder`: empty; what was recorded lies there. Throws INVALID_REQUEST, with what the script said, where nothing was. */
export const recordScript = async (script: string, folder: string, limitMs = SCRIPT_MS_MAX): Promise<Recording> => {
  const { lastWords, exitCode } = await run(resolve(script), folder, limitMs);
  const files = (await readdir(folder))
    .filter((name) => name.endsWith('.json'))
    .toSorted((a, b) => parseInt(a, 10) - parseInt(b, 10));
  if (files.length > 0)
    return {
      files: files.map((name) => join(folder, name)),
      complaint: exitCode === 0 ? null : lastWords || `it ended with ${exitCode}`,
    };
  throw new KilnError('INVALID_REQUEST', `${script}: ${lastWords || 'it called no tune_kernel(…)'}`);
};

interface Ran {
  readonly exitCode: number | null;
  readonly lastWords: string;
}

const run = async (path: string, folder: string, limitMs: number): Promise<Ran> => {
  const child = spawn('python3', [path], {
    cwd: dirname(path),
    env: { ...env, KILN_RECORD_FOLDER: folder, PYTHONPATH: [RECORDER, env['PYTHONPATH'] ?? ''].filter(Boolean).join(delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let [said, isLate] = ['', false];
  const end = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const limit = setTimeout(() => {
    isLate = true;
    // With what it started.
    end();
  }, limitMs);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_CHARS_MAX)));
  try {
    await unlessEnded(end, async () => once(child, 'close'));
  } catch (cause) {
    throw new KilnError('INVALID_REQUEST', 'python3 cannot be started: install it, or give a problem in the T1 form', { cause });
  } finally {
    clearTimeout(limit);
  }
  const lastWords = isLate ? `it did not end within ${limitMs / 1000} s, and was ended` : (said.trim().split('\n').at(-1) ?? '');
  return { exitCode: child.exitCode, lastWords };
};
