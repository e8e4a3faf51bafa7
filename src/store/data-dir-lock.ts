/**
 * One daemon a data folder: an operating-system lock (flock) on `daemon.lock`, held open for as long as the process lives. The kernel lets it
 * go when the process ends, however it ends, and it holds across process namespaces: two containers on one volume see it.
 *
 * Node has no flock. A lock belongs to the open file, not to the process, so a program that inherits the descriptor takes it for us and
 * ends; the lock stays until we close the file. Node opens files close-on-exec: no other child inherits it.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { wallClockStamp } from '../platform/clock.ts';
import { holderText } from '../domain/daemon-holder.ts';
import { KilnError } from '../domain/errors.ts';

const LOCK_FILE = 'daemon.lock';
const LOOK_AGAIN_MS = 250;
/** Taking a lock without waiting takes milliseconds; this is for a file system that hangs. */
const LOCK_LIMIT_MS = 10_000;
const HELD_ELSEWHERE = 75;
const PYTHON = `import fcntl, sys
try: fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: sys.exit(${HELD_ELSEWHERE})`;
/** util-linux, and where that is missing the Python that the local runner needs anyway. Both find the file as descriptor 3. */
const LOCKERS: readonly (readonly [string, readonly string[]])[] = [
  ['flock', ['-n', '-x', '-E', String(HELD_ELSEWHERE), '3']],
  ['python3', ['-I', '-c', PYTHON]],
];

/** For people only: the lock is what counts. `pid` is in the holder's own process namespace. */
const Holder = z.object({ pid: z.int().positive(), host: z.string(), since: z.string() });
type Holder = z.infer<typeof Holder>;

export interface LockOptions {
  /** How long a daemon that holds the folder is waited for; 0 unless said. */
  readonly waitMs?: number;
  /** Called once, when it is not free at once. */
  readonly onWait?: (message: string) => void;
}

/** Makes `dataDir` where it is missing. Throws DATA_DIR_LOCKED. Returns the release, which is idempotent. */
export const lockDataDir = async (dataDir: string, options: LockOptions = {}): Promise<() => void> => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, LOCK_FILE);
  const file = openSync(path, 'a+', 0o600);
  try {
    await lockWithin(file, { dataDir, path, ...options });
    writeHolder(file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    ftruncateSync(file);
    closeSync(file);
  };
};

interface Locked extends LockOptions {
  readonly dataDir: string;
  readonly path: string;
}

const lockWithin = async (file: number, locked: Locked): Promise<void> => {
  const { dataDir, path, waitMs = 0, onWait } = locked;
  const deadlineMs = performance.now() + waitMs;
  for (let isFirst = true; !tryLock(file, locked); isFirst = false) {
    const holder = readHolder(path);
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) throw inUse(dataDir, path, holder);
    if (isFirst) onWait?.(`${dataDir} is in use by ${textOf(holder)}; waiting up to ${waitMs} ms for it to stop`);
    await sleep(Math.min(LOOK_AGAIN_MS, leftMs));
  }
};

const tryLock = (file: number, { dataDir, path }: Locked): boolean => {
  const complaints: string[] = [];
  for (const [program, args] of LOCKERS) {
    const { status, error, stderr } = spawnSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe', file],
      encoding: 'utf8',
      timeout: LOCK_LIMIT_MS,
    });
    if (status === 0) return true;
    if (status === HELD_ELSEWHERE) return false;
    complaints.push(`${program}: ${error?.message ?? stderr.trim()}`);
  }
  const message = `${path} cannot be locked (${complaints.join('; ')}); install util-linux (flock) or python3, and keep the data folder on a file system with locks`;
  throw new KilnError('DATA_DIR_LOCKED', message, { details: { dataDir } });
};

const writeHolder = (file: number): void => {
  ftruncateSync(file);
  writeSync(file, JSON.stringify({ pid: process.pid, host: hostname(), since: wallClockStamp() } satisfies Holder));
};

/** Null while it is being written. */
const readHolder = (path: string): Holder | null => {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const textOf = (holder: Holder | null): string => (holder ? holderText(holder) : 'another daemon');

const inUse = (dataDir: string, path: string, holder: Holder | null): KilnError =>
  new KilnError(
    'DATA_DIR_LOCKED',
    `${dataDir} is in use by another daemon: ${textOf(holder)}. Stop that one, or choose another data folder (dataDir, KILN_DATA_DIR). Lock file: ${path}`,
    { details: { dataDir, pid: holder?.pid ?? null, host: holder?.host ?? null } },
  );
