/** Why something is not done to a candidate that was selected. Pure but for what it reads. */
import type { Steering } from '../../domain/api/steering.ts';
import type { SelectedCandidate } from '../../domain/ports/store-rows.ts';
import type { SteeringSlice } from '../state.ts';

interface Asked {
  readonly action: Steering;
  readonly priority: number | undefined;
}

/** Null: it is done. */
export const whyNot = (
  state: Pick<SteeringSlice, 'versions'>,
  row: SelectedCandidate,
  { action, priority }: Asked,
): string | null => {
  switch (action) {
    case 'cancel':
      return null;
    case 'pause':
      return row.isPaused ? 'they are paused already' : null;
    case 'resume':
      return row.isPaused ? null : 'they are not paused';
    case 'reprioritise':
      return row.priority === priority ? 'they have this priority' : null;
    case 'rejudge':
      return whyNotAgain(state, row);
  }
};

const whyNotAgain = ({ versions }: Pick<SteeringSlice, 'versions'>, row: SelectedCandidate): string | null => {
  if (row.verdict === 'plan_error') return 'a plan error is in the plan itself: no host was asked';
  if (row.lacksEnvironment) return 'no host could record them when they were submitted: submit them again once one can';
  return versions.of(row) ? null : 'their problem was changed or removed since: submit them again';
};
