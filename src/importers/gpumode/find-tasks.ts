/** Tasks of GPU MODE: of one folder, or of a whole checkout. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { filesBelow, textWithin } from '../programs/checkout.ts';
import { RefusedFile } from '../programs/refused-file.ts';
import type { RefusedSource, Source } from '../programs/source.ts';
import { gpuModeSource } from './gpumode-source.ts';
import { leaderboardNames, readGpuModeTask } from './task-file.ts';

const TASK = 'task.yml';
/** Lists of tasks lie beside the folders of their competitions. */
const LEVELS_UP = 3;

/** `path`: a folder with task.yml (its files, and the list that names it, may lie up to two folders above), or one with many. */
export const findGpuModeTasks = (path: string): readonly (Source | RefusedSource)[] => {
  const given = resolve(statSync(path).isFile() ? dirname(path) : path);
  const isOne = existsSync(join(given, TASK));
  const root = isOne ? dirname(dirname(given)) : given;
  const folders = isOne
    ? [given]
    : filesBelow(given, (file) => basename(file) === TASK).map((file) => join(given, dirname(file)));
  return folders.map((folder) => sourceAt(root, folder));
};

const sourceAt = (root: string, folder: string): Source | RefusedSource => {
  const label = relative(root, folder);
  try {
    const task = readGpuModeTask(textWithin(root, join(folder, TASK)));
    const files = new Map([...task.files].map(([name, source]) => [plainName(name), textWithin(root, join(folder, source))]));
    if (!files.has('reference.py')) files.set('reference.py', textWithin(root, join(folder, 'reference.py')));
    return gpuModeSource({ label, name: nameOf(root, folder), task, files: Object.fromEntries(files) });
  } catch (error) {
    if (error instanceof RefusedFile) return { label, refused: error.message };
    throw error;
  }
};

const plainName = (name: string): string => {
  if (/^[A-Za-z0-9_][\w.-]{0,99}$/u.test(name)) return name;
  throw new RefusedFile(`task.yml: files: ${JSON.stringify(name)} is no plain name of a file`);
};

const isWithin = (root: string, folder: string): boolean =>
  folder === root || folder.startsWith(root === sep ? sep : `${root}${sep}`);

/** As submissions call it; else as its folder is called. */
const nameOf = (root: string, folder: string): string => {
  let above = dirname(folder);
  for (let level = 0; level < LEVELS_UP && isWithin(root, above); level += 1) {
    for (const file of readdirSync(above).filter((name) => /\.ya?ml$/u.test(name) && name !== TASK)) {
      const named = leaderboardNames(textWithin(root, join(above, file))).get(relative(above, folder));
      if (named !== undefined) return named;
    }
    above = dirname(above);
  }
  return basename(folder);
};
