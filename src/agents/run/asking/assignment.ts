import type { Generator } from '../../generator.ts';
import type { Asking } from '../lifecycle/campaign-run.ts';
import type { Agent } from '../lifecycle/roster.ts';
import type { Target } from './targets.ts';

/** An agent that is about to be asked: for what, and whom. */
export interface Seat {
  readonly agent: Agent;
  readonly target: Target;
  readonly generator: Generator;
  readonly asking: Asking;
}
