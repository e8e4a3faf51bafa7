/** Counts what was selected, what it was done to, and why not to the others. */
import { type Steered, STEERED_SHOWN, type Steering } from '../../domain/api/steering.ts';
import type { SelectedCandidate } from '../../domain/ports/store-rows.ts';

export interface Tally {
  /** True where it is to be done: `reason` is null. */
  readonly note: (row: SelectedCandidate, reason: string | null) => boolean;
  /** So many stay as they are. */
  readonly leave: (count: number, reason: string) => void;
  readonly answer: () => Steered;
}

export const createTally = (action: Steering, dryRun: boolean): Tally => {
  const unchanged = new Map<string, number>();
  const shown: Steered['candidates'] = [];
  let matched = 0;
  let changed = 0;
  const leave = (count: number, reason: string): void => {
    matched += count;
    if (count > 0) unchanged.set(reason, (unchanged.get(reason) ?? 0) + count);
  };
  return {
    leave,
    note: (row, reason) => {
      if (reason !== null) {
        leave(1, reason);
        return false;
      }
      matched += 1;
      changed += 1;
      const { id, problem, device, submitter, priority, status, verdict } = row;
      if (shown.length < STEERED_SHOWN) shown.push({ id, problem, device, submitter, priority, status, verdict });
      return true;
    },
    answer: () => ({
      action,
      dryRun,
      matched,
      changed,
      unchanged: [...unchanged].map(([reason, count]) => ({ reason, count })),
      candidates: shown,
    }),
  };
};
