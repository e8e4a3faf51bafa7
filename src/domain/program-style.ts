/** What a Python file is taken for that has no launch plan: people have kernels with host code, in a few public forms. */
import type { Program, ProgramStyle } from './program.ts';

export interface RecognisedProgram {
  readonly style: ProgramStyle;
  readonly symbol: string;
  /** For people. */
  readonly words: string;
}

const PLAN = /^(?:\s*[ru]?(?:"""|''')\s*kiln\b|#\s*kiln\s*$)/mu;
const FORMS: readonly (readonly [pattern: RegExp, found: RecognisedProgram])[] = [
  [
    /^(?:async\s+)?def\s+custom_kernel\s*\(|^custom_kernel\s*(?::[^=\n]+)?=/mu,
    { style: 'custom_kernel', symbol: 'custom_kernel', words: 'a leaderboard submission (custom_kernel)' },
  ],
  [/^class\s+ModelNew\b/mu, { style: 'model', symbol: 'ModelNew', words: 'a rewritten module (ModelNew)' }],
  [/^def\s+run\s*\(/mu, { style: 'function', symbol: 'run', words: 'a function that is called with tensors (run)' }],
];

/** Null for a file with a launch plan, and for one that looks like nothing known. */
export const recogniseProgram = (source: string): RecognisedProgram | null =>
  PLAN.test(source) ? null : (FORMS.find(([pattern]) => pattern.test(source))?.[1] ?? null);

/** The one file of a program that somebody wrote for a campaign; null where it defines nothing that can be called. */
export const programOfSource = (source: string): Program | null => {
  const found = recogniseProgram(source);
  if (found === null) return null;
  const { symbol, style } = found;
  return { files: [], entry: { file: WRITTEN_FILE, symbol, style }, environment: WRITTEN_IN, prefer: 'recorded' };
};

/** Of a source that `programOfSource` finds nothing in. */
export const NO_PROGRAM = 'a program defines custom_kernel(data), a class ModelNew, or run(...)';

const WRITTEN_FILE = 'submission.py';
/** The environment of programs that agents write. */
export const WRITTEN_IN = 'torch';
