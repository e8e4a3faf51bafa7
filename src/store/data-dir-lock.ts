/**
 * One daemon a data folder: a lock file that names its process. Linked into place with its content, so that it is never seen half written.
 * A lock whose process is gone (also one from before a reboot, whose number another process has now) is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';

const LOCK_FILE = 'daemon.lock';
const TAKE_OVER_TRIES_MAX = 5;

/** `bornAt` tells one life of a process number from the next; null where the system does not say. */
const Holder = z.object({ pid: z.int().positive(), bornAt: z.string().nullable() });
type Holder = z.infer<typeof Holder>;

/** Makes `dataDir` where it is missing. Throws DATA_DIR_LOCKED. Returns the release, which is idempotent. */
export const lockDataDir = (dataDir: string): (() => void) => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, LOCK_FILE);
  const mine = JSON.stringify({ pid: process.pid, bornAt: bornAt(process.pid) } satisfies Holder);
  for (let tries = 0; tries < TAKE_OVER_TRIES_MAX; tries += 1) {
    if (tryLink(path, mine)) return () => release(path, mine);
    const found = readIfThere(path);
    if (found === null) continue;
    const holder = parseHolder(found);
    if (holder && isAlive(holder)) throw locked(dataDir, path, holder.pid);
    discard(path, found);
  }
  throw new KilnError('DATA_DIR_LOCKED', `${path} keeps changing: several daemons are starting on ${dataDir}; start one`, {
    details: { dataDir },
  });
};

const tryLink = (path: string, content: string): boolean => {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, content, { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
};

/** Moves a stale lock aside. If another daemon replaced it in between, its lock is put back. */
const discard = (path: string, stale: string): void => {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readIfThere(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
};

const release = (path: string, mine: string): void => {
  if (readIfThere(path) === mine) rmSync(path, { force: true });
};

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** Null for what is no lock of ours: a file damaged by a crash holds nobody back. */
const parseHolder = (content: string): Holder | null => {
  try {
    return Holder.safeParse(JSON.parse(content)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const isAlive = (holder: Holder): boolean => {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const now = bornAt(holder.pid);
  return holder.bornAt === null || now === null || holder.bornAt === now;
};

/** Linux: the boot's id and the process's start in clock ticks. */
const bornAt = (pid: number): string | null => {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const boot = readIfThere('/proc/sys/kernel/random/boot_id');
  if (stat === null || boot === null) return null;
  const START_TIME_AFTER_NAME = 19;
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_AFTER_NAME];
  return start === undefined ? null : `${boot.trim()}/${start}`;
};

const locked = (dataDir: string, path: string, pid: number): KilnError =>
  new KilnError(
    'DATA_DIR_LOCKED',
    `${dataDir} is in use by process ${pid}; stop it (kill ${pid}) or choose another data folder. Lock file: ${path}`,
    { details: { dataDir, pid } },
  );

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
