/** Ends what a program started, also what left its process group. */
import { readdir, readFile } from 'node:fs/promises';
import { signalProcess } from '../../platform/process-group.ts';

/** Who is found may have started another one meanwhile. */
const ROUNDS_MAX = 5;

/**
 * Kills every process of this user whose environment holds `variable` ("NAME=value"). Where there is no /proc, nobody is found. One that
 * cleared its environment is not found either: this is for careless programs, not a sandbox.
 */
export const endMarked = async (variable: string): Promise<void> => {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const pids = await marked(variable);
    if (pids.length === 0) return;
    for (const pid of pids) signalProcess(pid, 'SIGKILL');
  }
};

const marked = async (variable: string): Promise<readonly number[]> => {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/u.test(name));
  const found: number[] = [];
  for (const pid of pids) {
    // Another user's, or gone.
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(variable)) found.push(Number(pid));
  }
  return found;
};
