import type { Generator } from '../generator.ts';
import type { Asking } from './campaign-run.ts';
import type { Agent } from './roster.ts';
import type { Target } from './targets.ts';

/** An agent that is about to be asked: for what, and whom. */
export interface Seat {
  readonly agent: Agent;
  readonly target: Target;
  readonly generator: Generator;
  readonly asking: Asking;
}
