/** A program may import files of its problem (`from task import …`): they go with it. Pure. */
import { programFilesOf } from '../../domain/problem.ts';
import type { Program } from '../../domain/program.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';

type Files = Program['files'];

interface Importing {
  /** Of the entry file. */
  readonly source: string;
  readonly program: Program;
}

/** Those that the program imports and has no file of that name for, and those that these import. */
export const importedFiles = (
  { source, program }: Importing,
  { problem, files }: Pick<LoadedProblem, 'problem' | 'files'>,
): Files => {
  const given = new Set([program.entry.file, ...program.files.map(({ path }) => path)]);
  const there = programFilesOf(problem).filter((path) => !given.has(path));
  const found = new Map<string, string>();
  const look = (text: string, path: string): void => {
    const modules = importedModules(text, path);
    for (const other of there) {
      const content = files[other];
      if (content === undefined || found.has(other) || !modules.has(moduleOf(other))) continue;
      found.set(other, content);
      look(content, other);
    }
  };
  look(source, program.entry.file);
  for (const { path, content } of program.files) look(content, path);
  return [...found].map(([path, content]) => ({ path, content }));
};

/** "lib/a.py" -> "lib.a"; "lib/__init__.py" -> "lib" */
const moduleOf = (path: string): string => path.replace(/(?:\/__init__)?\.py$/u, '').replaceAll('/', '.');

/** Of a text of any author: whatever is in it, this takes time in proportion to its length. */
const IMPORT =
  /(?:^|[;:])[ \t]*(?:from[ \t]+(?<from>[\w.]+)[ \t]*import\b[ \t]*(?<names>\([^()]*\)|[^\n;#(]*)|import[ \t]+(?<modules>[^\n;#]+))/gmu;

/** A path has no more. */
const PARTS_MAX = 6;

/** Those that it names, what it takes of them, which may be modules, and the packages that they are in. */
const importedModules = (text: string, path: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = (name: string): void => {
    const parts = name.split('.', PARTS_MAX);
    for (const [at] of parts.entries()) found.add(parts.slice(0, at + 1).join('.'));
  };
  for (const { groups } of text.replace(/\\\r?\n/gu, ' ').matchAll(IMPORT)) {
    const { from, names = '', modules = '' } = groups ?? {};
    const base = from === undefined ? '' : absolute(from, path);
    for (const name of listed(names)) add(base === '' ? name : `${base}.${name}`);
    for (const name of listed(modules)) add(name);
  }
  return found;
};

/** "a as b, c" -> ["a", "c"] */
const listed = (names: string): readonly string[] =>
  names
    .replace(/#[^\n]*/gu, '')
    .split(/[,()]/u)
    .map((name) => name.trim().split(/\s/u, 1)[0] ?? '')
    .filter((name) => name !== '');

/** One that begins with dots is of the package that the file is in, or of one around it. */
const absolute = (module: string, path: string): string => {
  const name = module.replace(/^\.+/u, '');
  const dots = module.length - name.length;
  if (dots === 0) return name;
  const folders = path.split('/').slice(0, -dots);
  return [...folders, ...(name === '' ? [] : [name])].join('.');
};
