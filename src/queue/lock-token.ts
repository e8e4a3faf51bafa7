/** The lock token of this daemon, made once and kept in its data folder: a restarted daemon is the same holder of its leases. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const TOKEN = /^kiln-[0-9a-f]{32}$/;
const TOKEN_BYTES = 16;

/** A file that holds no token (cut off by a crash, edited) gets a new one: the old leases then run out by themselves. */
export const loadLockToken = (path: string): string => readToken(path) ?? makeToken(path);

const readToken = (path: string): string | null => {
  try {
    const token = readFileSync(path, 'utf8').trim();
    return TOKEN.test(token) ? token : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

const makeToken = (path: string): string => {
  const token = `kiln-${randomBytes(TOKEN_BYTES).toString('hex')}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, `${token}\n`, { mode: 0o600, flush: true });
  renameSync(unfinished, path);
  return token;
};
