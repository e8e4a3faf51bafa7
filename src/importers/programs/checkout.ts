/** Reads a person's copy of another benchmark: bounded, and nothing that lies outside of it. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileErrorText } from '../../platform/file-error.ts';
import { RefusedFile } from './refused-file.ts';

const DEPTH_MAX = 6;
const ENTRIES_MAX = 50_000;
const FILE_BYTES_MAX = 256 * 1024;
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules', '__pycache__', '.venv', 'venv']);

/** Paths from `root` of the files that `wanted` picks by their path, sorted by numbers as well as letters. Throws RefusedFile. */
export const filesBelow = (root: string, wanted: (path: string) => boolean): readonly string[] => {
  const found: string[] = [];
  let seen = 0;
  const walk = (folder: string, depth: number): void => {
    for (const entry of readable(() => readdirSync(join(root, folder), { withFileTypes: true }))) {
      seen += 1;
      if (seen > ENTRIES_MAX)
        throw new RefusedFile(`${root} holds more than ${ENTRIES_MAX} files: give the folder of the problems alone`);
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && depth < DEPTH_MAX && !SKIPPED.has(entry.name)) walk(path, depth + 1);
      if (entry.isFile() && wanted(path)) found.push(path);
    }
  };
  walk('', 0);
  return found.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
};

/** A text of at most `bytesMax` that lies below `root`, links followed. Throws RefusedFile. */
export const textWithin = (root: string, path: string, bytesMax: number = FILE_BYTES_MAX): string => {
  const name = relative(root, path) || path;
  if (name.startsWith('..')) throw new RefusedFile(`${name} lies outside of what is imported: it is not read`);
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw new RefusedFile(`there is no file ${name}`);
  }
  if (!`${real}${sep}`.startsWith(`${realpathSync(root)}${sep}`))
    throw new RefusedFile(`${name} leads outside of what is imported: it is not read`);
  const status = statSync(real);
  if (!status.isFile()) throw new RefusedFile(`${name} is no file`);
  if (status.size > bytesMax) throw new RefusedFile(`${name} has ${status.size} bytes; ${bytesMax} are read`);
  return readable(() => readFileSync(real, 'utf8'));
};

const readable = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    const text = fileErrorText(error);
    throw text === null ? error : new RefusedFile(text);
  }
};
