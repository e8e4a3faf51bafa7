/** Signals to a process and to whatever it started, as far as that stayed in its group (`spawn` with `detached`). */
import type { ChildProcess } from 'node:child_process';

/** Its members may be gone already. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => signalProcess(-pid, signal);

export const killGroup = (pid: number): void => signalGroup(pid, 'SIGKILL');

/** Kills its group and closes its pipes: whoever left the group may hold them open, and nobody waits for that one. */
export const abandon = ({ pid, stdout, stderr }: ChildProcess): void => {
  if (pid !== undefined) killGroup(pid);
  stdout?.destroy();
  stderr?.destroy();
};

/** It may be gone already. */
export const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
