/** Runs a tuning script on this machine with a stand-in for its tuner, which writes down what the script would have tuned. */
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { env } from 'node:process';
import { KilnError } from '../../domain/errors.ts';
import { runBounded } from '../run-bounded.ts';

const RECORDER = join(import.meta.dirname, 'recorder');
const SCRIPT_MS_MAX = 300_000;

export interface Recording {
  /** Files in the T1 form, in the order of the calls. */
  readonly files: readonly string[];
  /** How the script ended behind its last call, where that was badly; null otherwise. */
  readonly complaint: string | null;
}

/** `folder`: empty; what was recorded lies there. Throws INVALID_REQUEST, with what the script said, where nothing was. */
export const recordScript = async (script: string, folder: string, limitMs = SCRIPT_MS_MAX): Promise<Recording> => {
  const path = resolve(script);
  const { exitCode, lastWords, ended } = await runBounded(['python3', path], {
    limitMs,
    saidCharsMax: 0,
    remedy: 'install it, or give a problem in the T1 form',
    cwd: dirname(path),
    env: { ...env, KILN_RECORD_FOLDER: folder, PYTHONPATH: [RECORDER, env['PYTHONPATH'] ?? ''].filter(Boolean).join(delimiter) },
  });
  const complaint = exitCode === 0 ? null : lastWords || `it ${ended}`;
  const files = (await readdir(folder))
    .filter((name) => name.endsWith('.json'))
    .toSorted((a, b) => parseInt(a, 10) - parseInt(b, 10));
  if (files.length > 0) return { files: files.map((name) => join(folder, name)), complaint };
  throw new KilnError('INVALID_REQUEST', `${script}: ${complaint ?? 'it called no tune_kernel(…)'}`);
};
