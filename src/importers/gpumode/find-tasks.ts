/** Tasks of GPU MODE: of one folder, or of a whole checkout. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { filesBelow, textWithin } from '../programs/checkout.ts';
import { orReason, RefusedFile } from '../programs/refused-file.ts';
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
  const names = leaderboardsOf(root);
  return folders.map((folder) => sourceAt(root, folder, names));
};

const sourceAt = (root: string, folder: string, names: Leaderboards): Source | RefusedSource => {
  const label = relative(root, folder);
  return orReason(label, () => {
    const task = readGpuModeTask(textWithin(root, join(folder, TASK)));
    const files = new Map([...task.files].map(([name, source]) => [plainName(name), textWithin(root, join(folder, source))]));
    if (!files.has('reference.py')) files.set('reference.py', textWithin(root, join(folder, 'reference.py')));
    return gpuModeSource({ label, name: nameOf(root, folder, names), task, files: Object.fromEntries(files) });
  });
};

const plainName = (name: string): string => {
  if (/^[A-Za-z0-9_][\w.-]{0,99}$/u.test(name)) return name;
  throw new RefusedFile(`task.yml: files: ${JSON.stringify(name)} is no plain name of a file`);
};

const isWithin = (root: string, folder: string): boolean =>
  folder === root || folder.startsWith(root === sep ? sep : `${root}${sep}`);

/** Of a folder, what lists in it say: a task's path from there -> the name that submissions go by. */
type Leaderboards = (folder: string) => ReadonlyMap<string, string>;

/** Each list is read once, and only where a task lies below it. Other YAML than lists may lie there: what is refused is none. */
const leaderboardsOf = (root: string): Leaderboards => {
  const known = new Map<string, ReadonlyMap<string, string>>();
  const read = (folder: string): ReadonlyMap<string, string> => {
    const lists = readdirSync(folder).filter((name) => /\.ya?ml$/u.test(name) && name !== TASK);
    const named = lists.map((list) => orReason(list, () => leaderboardNames(textWithin(root, join(folder, list)))));
    // Of two lists that name one task the first holds.
    return new Map(named.toReversed().flatMap((list) => ('refused' in list ? [] : [...list])));
  };
  return (folder) => {
    const there = known.get(folder) ?? read(folder);
    known.set(folder, there);
    return there;
  };
};

/** As submissions call it; else as its folder is called. */
const nameOf = (root: string, folder: string, names: Leaderboards): string => {
  let above = dirname(folder);
  for (let level = 0; level < LEVELS_UP && isWithin(root, above); level += 1) {
    const named = names(above).get(relative(above, folder));
    if (named !== undefined) return named;
    above = dirname(above);
  }
  return basename(folder);
};
