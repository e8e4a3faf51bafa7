/** A public submission imports files of its problem (`from task import …`): they go with it. */
import type { KilnClient } from '../../client/create-client.ts';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import type { ProblemView } from '../../domain/api/problems.ts';
import { programFilesOf } from '../../domain/problem.ts';

type File = NonNullable<SubmitCandidate['program']>['files'] extends readonly (infer T)[] | undefined ? T : never;

/** Programs with those that they import, and that were not given. */
export const withProblemFiles = async (
  client: Pick<KilnClient, 'problem'>,
  candidates: readonly SubmitCandidate[],
): Promise<readonly SubmitCandidate[]> => {
  const views = new Map<string, Promise<ProblemView>>();
  return Promise.all(
    candidates.map(async (candidate) => {
      const { program, problem } = candidate;
      if (!program) return candidate;
      const view = views.get(problem) ?? client.problem(problem);
      views.set(problem, view);
      const files = program.files ?? [];
      const added = importedFiles(candidate.source, {
        view: await view,
        given: [program.entry.file, ...files.map(({ path }) => path)],
      });
      return added.length === 0 ? candidate : { ...candidate, program: { ...program, files: [...files, ...added] } };
    }),
  );
};

interface There {
  readonly view: Pick<ProblemView, 'problem' | 'files'>;
  /** Paths of the program itself. */
  readonly given: readonly string[];
}

/** Also those that these import. */
export const importedFiles = (source: string, { view: { problem, files }, given }: There): readonly File[] => {
  const found = new Map<string, string>();
  const there = programFilesOf(problem).filter((path) => !given.includes(path));
  const look = (text: string): void => {
    for (const path of there) {
      const content = files[path];
      if (content === undefined || found.has(path) || !imports(text, path)) continue;
      found.set(path, content);
      look(content);
    }
  };
  look(source);
  return [...found].map(([path, content]) => ({ path, content }));
};

const imports = (text: string, path: string): boolean => {
  const module = path.replace(/\.py$/u, '').replaceAll('/', '\\.');
  return new RegExp(`^[ \\t]*(?:from[ \\t]+${module}[ \\t]+import\\b|import[ \\t]+${module}\\b)`, 'mu').test(text);
};
