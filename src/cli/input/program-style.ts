/** What a Python file is taken for that has no launch plan: people have kernels with host code, in a few public forms. */

export interface ProgramStyle {
  readonly style: 'custom_kernel' | 'model' | 'function';
  /** For people. */
  readonly words: string;
}

const PLAN = /^(?:\s*[ru]?(?:"""|''')\s*kiln\b|#\s*kiln\s*$)/mu;
const STYLES: readonly (readonly [pattern: RegExp, style: ProgramStyle])[] = [
  [
    /^(?:async\s+)?def\s+custom_kernel\s*\(|^custom_kernel\s*(?::[^=\n]+)?=/mu,
    { style: 'custom_kernel', words: 'a leaderboard submission (custom_kernel)' },
  ],
  [/^class\s+ModelNew\b/mu, { style: 'model', words: 'a rewritten module (ModelNew)' }],
  [/^def\s+run\s*\(/mu, { style: 'function', words: 'a function that is called with tensors (run)' }],
];

/** Null for a file with a launch plan, and for one that looks like nothing known. */
export const programStyleOf = (source: string): ProgramStyle | null =>
  PLAN.test(source) ? null : (STYLES.find(([pattern]) => pattern.test(source))?.[1] ?? null);
