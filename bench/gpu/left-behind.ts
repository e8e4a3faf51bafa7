/** What programs could leave on a host: their folders, and processes of the users that they run as (programs/sandbox.py, build.py). */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const FOLDERS = /^kiln-(?:program|build)-/u;
const USERS = { first: 61_100, behind: 61_350 };

export const leftByPrograms = (): readonly string[] => [...folders('/tmp'), ...folders('/dev/shm'), ...processes()];

const SETTLED_MS_MAX = 10_000;
const LOOK_MS = 100;

/** What was not there before. Where a limit has cut a run off, guardians of programs that were running end them a moment after their runner. */
export const leftSince = async (before: ReadonlySet<string>): Promise<readonly string[]> => {
  const endsAtMs = performance.now() + SETTLED_MS_MAX;
  let left = leftByPrograms().filter((one) => !before.has(one));
  while (left.length > 0 && performance.now() < endsAtMs) {
    await setTimeout(LOOK_MS);
    left = leftByPrograms().filter((one) => !before.has(one));
  }
  return left;
};

const folders = (place: string): readonly string[] =>
  existsSync(place)
    ? readdirSync(place)
        .filter((name) => FOLDERS.test(name) || isOfPrograms(join(place, name)))
        .map((name) => join(place, name))
    : [];

const processes = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name) && isOfPrograms(join('/proc', name)))
    .map((name) => `process ${name} ${commandOf(name)}`.trim());

/** What is gone meanwhile is nobody's. */
const isOfPrograms = (path: string): boolean => {
  const user = statSync(path, { throwIfNoEntry: false })?.uid ?? 0;
  return user >= USERS.first && user < USERS.behind;
};

const commandOf = (pid: string): string => {
  const path = join('/proc', pid, 'cmdline');
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\0', ' ') : '';
};
