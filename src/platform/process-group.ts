/** Signals to a process and to whatever it started, as far as that stayed in its group (`spawn` with `detached`). */

/** Its members may be gone already. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => signalProcess(-pid, signal);

export const killGroup = (pid: number): void => signalGroup(pid, 'SIGKILL');

/** It may be gone already. */
export const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
