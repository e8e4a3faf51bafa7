/** A real browser: Debian's, over the protocol that it speaks anyway. Suites that need one are skipped, with a word, where there is none. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { signalProcess } from '../../src/platform/process-group.ts';
import { HANG_MS } from './limits.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null where none is installed. */
export const CHROMIUM: string | null = PLACES.find((place) => existsSync(place)) ?? null;

/** Without its own sandbox, which root does not get: what it opens is ours. */
export const openBrowser = async (): Promise<Browser> => {
  if (CHROMIUM === null) throw new Error('no Chromium is installed');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'], timeout: HANG_MS });
};

/** As a computer that sleeps: every process of the browsers that this process opened stands still. Returns what wakes them. */
export const putToSleep = (): (() => void) => {
  const pids = browserPids();
  if (pids.length === 0) throw new Error('no browser was found that could sleep');
  for (const pid of pids) signalProcess(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) signalProcess(pid, 'SIGCONT');
  };
};

/** Every process of the browsers that this process opened. */
export const browserPids = (): readonly number[] => descendantsOf(process.pid).filter((pid) => commandOf(pid).includes('chrom'));

const descendantsOf = (root: number): readonly number[] => {
  const parents = new Map(pidsNow().map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter((pid) => pid !== root && isBelow(parents.get(pid)));
};

const pidsNow = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
const commandOf = (pid: number): string => textOf(pid, 'cmdline').replaceAll('\0', ' ');
/** After the name, which may hold anything, in brackets: state, then parent. */
const parentOf = (pid: number): number | undefined => {
  const parent = Number(/\) \S (\d+) /u.exec(textOf(pid, 'stat'))?.[1]);
  return parent > 0 ? parent : undefined;
};

/** Empty for one that ended meanwhile. */
const textOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
};
