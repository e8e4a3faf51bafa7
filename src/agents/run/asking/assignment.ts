import type { CandidateId } from '../../../domain/ids.ts';
import type { Generator } from '../../generator.ts';
import type { Asking } from '../state/campaign-run.ts';
import type { Agent } from '../state/roster.ts';
import type { Target } from '../state/targets.ts';

/** An agent that is about to be asked: for what, and whom. */
export interface Assignment {
  readonly agent: Agent;
  readonly target: Target;
  readonly generator: Generator;
  readonly asking: Asking;
  /** Whose params are to be tried; null: the search chooses. */
  readonly tunes: CandidateId | null;
}
