import type { Judging } from '../../../domain/ports/kiln.ts';
import type { ContextBuilder } from '../../context/build-context.ts';
import type { OutcomeDeps } from '../outcomes/outcome-deps.ts';
import type { Profiles } from '../outcomes/profiles.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { DeviceClasses } from '../state/device-classes.ts';

/** What all campaigns share that questions and answers need. */
export interface AskingDeps extends OutcomeDeps {
  readonly judging: Pick<Judging, 'candidate' | 'source' | 'submit'>;
  readonly contexts: Pick<ContextBuilder, 'build'>;
  readonly classes: Pick<
    DeviceClasses,
    'allowed' | 'known' | 'onArriving' | 'onAsked' | 'onJudged' | 'onThought' | 'thinking' | 'thinkingAll'
  >;
  readonly profiles: Pick<Profiles, 'onBest' | 'onParents'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  readonly clock: Pick<Clock, 'after'>;
}
