/** A solution of FlashInfer-Trace as a candidate. Pure. */
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import { ownValue } from '../../platform/own-value.ts';
import { problemNameOf } from '../programs/names.ts';
import { RefusedFile } from '../programs/refused-file.ts';
import { parseDocument, Solution } from './documents.ts';

const INSTEAD: Readonly<Record<string, string>> = {
  cuda: 'hand in its kernel with a launch plan (docs/problems.md), or a Python file that builds it by load_inline',
  cpp: 'hand in a Python file that builds it by load_inline',
  tilelang: 'hand in a Python file, for an environment that has tilelang',
};
/** Every environment for programs has these. */
const USUAL: ReadonlySet<string> = new Set(['torch', 'triton', 'numpy']);

export interface SolutionCandidate extends Required<Pick<SubmitCandidate, 'problem' | 'source' | 'language'>> {
  readonly program: NonNullable<SubmitCandidate['program']>;
  /** For people: what it is taken for, and what the environment must have. */
  readonly words: string;
}

/** Throws INVALID_REQUEST where it is a solution that cannot be judged here. */
export const candidateOfSolution = (text: string): SolutionCandidate => {
  const solution = readSolution(text);
  const { language, entry_point: entryPoint, destination_passing_style: writes, dependencies } = solution.spec;
  if (language !== 'python' && language !== 'triton')
    throw invalid(
      `the solution "${solution.name}" is in ${language}: ${ownValue(INSTEAD, language) ?? 'python and triton are taken'}`,
    );
  const [file = '', symbol = ''] = entryPoint.split('::');
  const entry = solution.sources.find(({ path }) => path === file);
  if (!entry) throw invalid(`the solution "${solution.name}" names ${file}, which is none of its sources`);
  const others = solution.sources.filter((source) => source !== entry);
  const needs = dependencies.filter((one) => !USUAL.has(one.split(/[<>=~! ]/u)[0] ?? ''));
  return {
    problem: problemNameOf(solution.definition),
    source: entry.content,
    language: 'python',
    program: {
      entry: { file, symbol, style: writes ? 'function_dps' : 'function' },
      files: others.map(({ path, content }) => ({ path, content })),
    },
    words: `the solution "${solution.name}" of ${solution.definition}${needs.length > 0 ? `; its environment must have ${needs.join(', ')}` : ''}`,
  };
};

const readSolution = (text: string): Solution => {
  try {
    return parseDocument(text, Solution, 'solution');
  } catch (error) {
    if (error instanceof RefusedFile) throw invalid(error.message);
    throw error;
  }
};

const invalid = (message: string): KilnError => new KilnError('INVALID_REQUEST', message);
