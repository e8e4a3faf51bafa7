/** CPU time of all that a benchmark of hosts runs: this process, the daemon, sshd and what its sessions run, ssh, and the processes on the host. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpuSecondsWithChildrenOf } from '../dispatch/process-cost.ts';

const PARENTS_MAX = 8;

/** Seconds so far. `folders`: each of those processes, or one that it descends from, names one of them. */
export const workSeconds = (folders: readonly string[]): number => {
  const isNamed = (pid: number): boolean =>
    folders.some((folder) => textOf(pid, 'cmdline').includes(folder) || textOf(pid, 'environ').includes(folder));
  const isPart = (pid: number): boolean => {
    for (let [at, steps] = [pid, 0]; at > 1 && steps < PARENTS_MAX; at = parentOf(at), steps += 1)
      if (at === process.pid || isNamed(at)) return true;
    return false;
  };
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isPart(pid))
    .reduce((sum, pid) => sum + cpuSecondsWithChildrenOf(pid), 0);
};

const parentOf = (pid: number): number => Number(textOf(pid, 'stat').split(') ').at(-1)?.split(' ')[1] ?? 0);

/** A process that is gone, or not ours to read, has none. */
const textOf = (pid: number, file: 'cmdline' | 'environ' | 'stat'): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};
