/** A paused candidate leaves: its lease ends, and nothing of it is held here. Its row says that it is paused. */
import type { Effect } from '../../scheduler/effects.ts';
import { secondsInStage } from '../active-candidates.ts';
import type { SteeringSlice } from '../state.ts';

export const onReleased = (state: SteeringSlice, { id }: Extract<Effect, { type: 'released' }>): void => {
  const candidate = state.active.get(id);
  if (!candidate) return;
  state.metrics.onStageLeft(candidate.stage.name, secondsInStage(candidate, state.monotonicMs()));
  state.active.delete(id);
  state.endJobs([id]);
};
