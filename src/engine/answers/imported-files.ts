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
  const look = (text: string): void => {
    for (const path of there) {
      const content = files[path];
      if (content === undefined || found.has(path) || !imports(text, path)) continue;
      found.set(path, content);
      look(content);
    }
  };
  for (const text of [source, ...program.files.map(({ content }) => content)]) look(text);
  return [...found].map(([path, content]) => ({ path, content }));
};

const imports = (text: string, path: string): boolean => {
  const module = path.replace(/\.py$/u, '').replaceAll('/', '\\.');
  return new RegExp(`^[ \\t]*(?:from[ \\t]+${module}[ \\t]+import\\b|import[ \\t]+${module}\\b)`, 'mu').test(text);
};
