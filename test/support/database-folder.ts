/** Data folders with an empty database in them. To make one takes ten seconds of a processor, to copy one half a second. */
import { constants, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { z } from 'zod';

const MODULES = join(import.meta.dirname, '../../node_modules');
const CACHE = join(MODULES, '.cache/kiln-databases');

const versionOf = (): string => {
  const text = readFileSync(join(MODULES, '@electric-sql/pglite/package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
};

/** Without any table of Kiln's: those, and the store's own id, are made by who opens the copy. */
const TEMPLATE = join(CACHE, versionOf());

/** Run by vitest once, before the suites. */
export const setup = async (): Promise<void> => {
  if (existsSync(TEMPLATE)) return;
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, 'making-'));
  const database = await PGlite.create({ fs: new NodeFS(made) });
  await database.close();
  try {
    renameSync(made, TEMPLATE);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    // Another run was faster.
    if (!existsSync(TEMPLATE)) throw error;
  }
};

/** Puts an empty database into the data folder `dataDir`, which may not be there yet. Outside of vitest that is left to who opens it. */
export const placeDatabase = (dataDir: string): void => {
  mkdirSync(dataDir, { recursive: true });
  if (existsSync(TEMPLATE)) cpSync(TEMPLATE, join(dataDir, 'postgres'), { recursive: true, mode: constants.COPYFILE_FICLONE });
};

/** A new data folder with an empty database. The caller removes it. */
export const databaseFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  placeDatabase(folder);
  return folder;
};
