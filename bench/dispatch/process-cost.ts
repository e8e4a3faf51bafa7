/** CPU time and memory of other processes of this machine, as Linux counts them. */
import { readFileSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat after the command's closing bracket: state is the first. */
const USER_TICKS = 11;
const CHILDREN_USER_TICKS = 13;

/** Seconds of user and system time so far; 0 for a process that is gone. */
export const cpuSecondsOf = (pid: number): number => secondsIn(`/proc/${pid}/stat`);

/** The same, with that of its children which have ended and were waited for. */
export const cpuSecondsWithChildrenOf = (pid: number): number =>
  cpuSecondsOf(pid) + secondsIn(`/proc/${pid}/stat`, CHILDREN_USER_TICKS);

/** The same of its first thread: of a Node process that which runs its JavaScript, without those that collect garbage and compile. */
export const mainThreadSecondsOf = (pid: number): number => secondsIn(`/proc/${pid}/task/${pid}/stat`);

/** The system's follow those of the user. */
const secondsIn = (path: string, userTicks = USER_TICKS): number => {
  const fields = read(path).split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[userTicks] ?? 0) + Number(fields[userTicks + 1] ?? 0)) / TICKS_PER_SECOND;
};

/** The most memory the process ever had, MiB. */
export const peakMiBOf = (pid: number): number => Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

/** Memory that the process has now, MiB; 0 for one that is gone. */
export const memoryMiBOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

/** All cores and everything that runs on them, seconds since the machine started. */
export const machineSeconds = (): { readonly busy: number; readonly idle: number } => {
  const ticks = read('/proc/stat').split('\n', 1).join('').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, softInterrupts = 0] = ticks;
  const busy = user + nice + system + interrupts + softInterrupts;
  return { busy: busy / TICKS_PER_SECOND, idle: (idle + waiting) / TICKS_PER_SECOND };
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
};
