import type { WishedMove } from '../../search/entry.ts';
import type { ParamTrial } from '../../search/param-search.ts';
import type { Generator } from '../../generator.ts';
import type { Asking } from '../state/campaign-run.ts';
import type { Agent } from '../state/roster.ts';
import type { Target } from '../state/targets.ts';

export type Wish = WishedMove | 'diagnose';

/** An agent that is about to be asked: for what, and whom. */
export interface Assignment {
  readonly agent: Agent;
  readonly target: Target;
  readonly generator: Generator;
  readonly asking: Asking;
  /** Params that are to be tried; null: somebody is asked for what the search chooses. */
  readonly tunes: ParamTrial | null;
  /** What it is asked for; null: by set odds. */
  readonly wish: Wish | null;
}
