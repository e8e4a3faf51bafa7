/** What a candidate is resolved from, and what comes of it. */
import type { CandidateContent } from '../domain/candidate.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { ResolvedUnit } from './resolve-unit.ts';
import type { Target } from './targets.ts';

export type CandidateResult =
  | ({ readonly ok: true } & ResolvedUnit)
  | { readonly ok: false; readonly outcome: Extract<Outcome, { verdict: 'plan_error' }> };

export interface CandidateInput {
  readonly target: Target;
  /** "sm_90a", or "native" for the cpu target. Changes the unit, never whether the plan resolves. */
  readonly architecture: string;
  readonly content: Pick<CandidateContent, 'language' | 'source' | 'params'>;
}
