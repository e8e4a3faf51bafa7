/** How long the last candidates stayed in each stage, for GET /v1/fleet; /metrics has the same as a histogram. */
import type { FleetView } from '../../domain/api/fleet.ts';
import { type RecentTimes, createRecentTimes } from './recent-times.ts';

type Stage = keyof FleetView['stages'];

export interface StageTimes {
  add(stage: Stage, ms: number): void;
  view(): FleetView['stages'];
}

export const createStageTimes = (): StageTimes => {
  const times: Record<Stage, RecentTimes> = {
    queued: createRecentTimes(),
    compiling: createRecentTimes(),
    ready: createRecentTimes(),
    judging: createRecentTimes(),
    confirming: createRecentTimes(),
  };
  return {
    add: (stage, ms) => times[stage].add(ms),
    view: () => ({
      queued: times.queued.quantiles(),
      compiling: times.compiling.quantiles(),
      ready: times.ready.quantiles(),
      judging: times.judging.quantiles(),
      confirming: times.confirming.quantiles(),
    }),
  };
};
