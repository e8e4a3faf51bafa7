/** Runs a tuning script on this machine with a stand-in for its tuner, which writes down what the script would have tuned. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { env } from 'node:process';
import { KilnError } from '../../domain/errors.ts';

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
export const recordScript = async (script: string, folder: string): Promise<Recording> => {
  const path = resolve(script);
  const child = spawn('python3', [path], {
    cwd: dirname(path),
    env: { ...env, KILN_RECORD_FOLDER: folder, PYTHONPATH: [RECORDER, env['PYTHONPATH'] ?? ''].filter(Boolean).join(delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: SCRIPT_MS_MAX,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_CHARS_MAX)));
  await once(child, 'close').catch((cause: unknown) => {
    throw new KilnError('INVALID_REQUEST', 'python3 cannot be started: install it, or give a problem in the T1 form', { cause });
  });
  const files = (await readdir(folder))
    .filter((name) => name.endsWith('.json'))
    .toSorted((a, b) => parseInt(a, 10) - parseInt(b, 10));
  const lastWords = said.trim().split('\n').at(-1) ?? '';
  if (files.length > 0)
    return {
      files: files.map((name) => join(folder, name)),
      complaint: child.exitCode === 0 ? null : lastWords || `it ended with ${child.exitCode}`,
    };
  throw new KilnError('INVALID_REQUEST', `${script}: ${lastWords || 'it called no tune_kernel(…)'}`);
};
