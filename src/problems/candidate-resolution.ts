/** What a candidate is resolved from, and what comes of it. */
import type { CandidateContent } from '../domain/candidate.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { CompileUnit } from '../domain/protocol.ts';
import type { Calls } from './resolve-program.ts';
import type { ResolvedUnit } from './resolve-unit.ts';
import type { Target } from './targets.ts';

/** `calls`: of a program, which is recorded in them once its unit is built; it has no plans. */
export interface ResolvedCandidate {
  readonly unit: CompileUnit;
  readonly plans: ResolvedUnit['plans'];
  readonly calls: Calls | null;
}

export type CandidateResult =
  | ({ readonly ok: true } & ResolvedCandidate)
  | { readonly ok: false; readonly outcome: Extract<Outcome, { verdict: 'plan_error' }> };

export interface CandidateInput {
  readonly target: Target;
  /** "sm_90a", or "native" for the cpu target. Changes the unit, never whether the plan resolves. */
  readonly architecture: string;
  readonly content: Pick<CandidateContent, 'language' | 'source' | 'params' | 'program'>;
}
