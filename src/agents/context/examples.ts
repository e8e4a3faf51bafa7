/** Short candidates that pass, for one who has never written a launch plan: seeds of problems that Kiln ships. */
import type { ProblemView } from '../../domain/api/problems.ts';
import { isNotFound } from '../../domain/errors.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { Language } from '../../domain/plan/plan.ts';
import { languageOfFile } from '../../domain/plan/language-of-file.ts';

type Example = GenerationContext['examples'][number];

const EXAMPLES_MAX = 2;
const SEEDS: Readonly<Record<Language, readonly (readonly [problem: string, file: string])[]>> = {
  cuda: [
    ['vector_add', 'seeds/3-float4.cu'],
    ['vector_add', 'seeds/1-grid-stride.cu'],
  ],
  triton: [['rmsnorm', 'seeds/1-triton-rows.py']],
  c: [
    ['vector_add', 'seeds/2-vectors.c'],
    ['vector_add', 'seeds/1-restrict.c'],
  ],
  python: [],
};

/**
 * At most two, one of each language first. A language whose seeds are not among the daemon's problems is shown by the reference of `own`, which
 * follows the contract too, unless it is a program.
 */
export const examplesFor = (
  languages: readonly Language[],
  own: ProblemView,
  problem: (name: string) => ProblemView,
): readonly Example[] => {
  const lists = languages.map((language) => {
    const seeds = SEEDS[language].flatMap(([name, file]) => exampleIn(viewOrNull(name, problem), file));
    return seeds.length > 0 ? seeds : ownReferences(own).filter((example) => example.language === language);
  });
  const longest = Math.max(0, ...lists.map((list) => list.length));
  const inTurn = Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list[turn] ?? []));
  return inTurn.flat().slice(0, EXAMPLES_MAX);
};

const exampleIn = (view: ProblemView | null, file: string): readonly Example[] => {
  const [source, language] = [view?.files[file], languageOfFile(file)];
  return source === undefined || !language ? [] : [{ language, source }];
};

const ownReferences = (own: ProblemView): readonly Example[] =>
  [own.problem.gpu, own.problem.cpu].flatMap((code) =>
    typeof code?.reference === 'string' ? exampleIn(own, code.reference) : [],
  );

/** Daemons may have other problems than those that Kiln ships. */
const viewOrNull = (name: string, problem: (name: string) => ProblemView): ProblemView | null => {
  try {
    return problem(name);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
};
