import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A server that was told to stop may take this long to be gone, on a machine that is busy with others. */
const GRACE_MS = 60_000;
const POLL_MS = 100;

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

const read = (pid: string, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // gone in the meantime, or not ours to read
  }
};

const folderOf = (pid: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ''; // gone in the meantime, or not ours to read
  }
};

const isZombie = (pid: string): boolean => /^\d+ \(.*\) Z/su.test(read(pid, 'stat'));

/**
 * Live processes of the run that works in the folder `marker`: by environment (children inherit TMPDIR), by command line or by working
 * folder (an sshd cleans the environment of what it starts). Linux only; elsewhere nothing is found.
 */
export const processesOf = (marker: string): readonly Leftover[] => {
  if (!existsSync('/proc/self/stat')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && name !== String(process.pid));
  return pids
    .filter(
      (pid) =>
        !isZombie(pid) && [read(pid, 'environ'), read(pid, 'cmdline'), folderOf(pid)].some((text) => text.includes(marker)),
    )
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline') }));
};

/** What is still there after the grace. The caller ends it. */
export const leftoversOf = async (marker: string): Promise<readonly Leftover[]> => {
  for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += POLL_MS) {
    if (processesOf(marker).length === 0) return [];
    await delay(POLL_MS);
  }
  return processesOf(marker);
};
