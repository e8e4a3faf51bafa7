/** The last failures on one host that were no candidate's, for those who ask why it does not get on. Pure but for its own memory. */
import type { HostFailure, HostView } from '../../domain/api/fleet.ts';

const KEPT_MAX = 20;

export interface RecentFailures {
  note(failure: Omit<HostFailure, 'at'>, nowMs: number): void;
  view(): HostView['failures'];
}

export const createRecentFailures = (): RecentFailures => {
  let total = 0;
  let recent: readonly HostFailure[] = [];
  return {
    note: (failure, nowMs) => {
      total += 1;
      recent = [{ ...failure, at: new Date(nowMs).toISOString() }, ...recent].slice(0, KEPT_MAX);
    },
    view: () => ({ total, recent: [...recent] }),
  };
};
