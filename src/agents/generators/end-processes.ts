/** Ends what a program started, also what left its process group. */
import { readdir, readFile } from 'node:fs/promises';

/** Who is found may have started another one meanwhile. */
const ROUNDS_MAX = 5;

/** Its members may be gone already. */
export const killGroup = (pid: number): void => kill(-pid);

/**
 * Kills every process of this user whose environment holds `variable` ("NAME=value"). Where there is no /proc, nobody is found. One that
 * cleared its environment is not found either: this is for careless programs, not a sandbox.
 */
export const endMarked = async (variable: string): Promise<void> => {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const pids = await marked(variable);
    if (pids.length === 0) return;
    pids.forEach(kill);
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

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
