/**
 * Data folders with the tables of this Kiln in them, all empty. To make one takes three seconds of a processor, to copy one a tenth; the
 * first statements of a process, which migrations would be, are its slowest. The copies are one store: who needs two stores of different
 * ids opens a new folder.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  constants,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openEmbedded } from '../../src/store/pglite.ts';
import { IS_TEST } from './cheap-databases.ts';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/kiln-databases');
/** A server touches all of its buffers at its start, 128 MB by default: most of what a database costs that is asked a few questions. */
const SETTINGS = "shared_buffers = '8MB'\n";
/** What a database is made of: other ones make another template. */
const INGREDIENTS = ['node_modules/@electric-sql/pglite/package.json', ...globSync('src/store/migrations/*.sql', { cwd: ROOT })];

const hashOf = (paths: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const path of paths.toSorted()) hash.update(basename(path)).update(readFileSync(join(ROOT, path)));
  return hash.update(SETTINGS).digest('hex').slice(0, 16);
};

const TEMPLATE = join(CACHE, hashOf(INGREDIENTS));

/** Run by vitest once, before the suites. */
export const setup = async (): Promise<void> => {
  if (existsSync(TEMPLATE)) return;
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, 'making-'));
  const database = await openEmbedded(made);
  await database.close();
  appendFileSync(join(made, 'postgres/postgresql.conf'), SETTINGS);
  try {
    renameSync(join(made, 'postgres'), TEMPLATE);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(TEMPLATE)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
};

/** Puts an empty database into the data folder `dataDir`, which may not be there yet. Outside of vitest that is left to who opens it. */
export const placeDatabase = (dataDir: string): void => {
  mkdirSync(dataDir, { recursive: true });
  if (IS_TEST && existsSync(TEMPLATE))
    cpSync(TEMPLATE, join(dataDir, 'postgres'), { recursive: true, mode: constants.COPYFILE_FICLONE });
};

/** A new data folder with an empty database. The caller removes it. */
export const databaseFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  placeDatabase(folder);
  return folder;
};
