import type { HostId } from '../domain/ids.ts';
import type { Effect } from './effects.ts';
import type { SchedulerEvent } from './events.ts';
import type { SchedulerOptions } from './options.ts';
import type { HostSnapshot, Snapshot } from './snapshot.ts';

/** Opaque state, changed in place by `handle`. */
export interface Core {
  readonly options: SchedulerOptions;
}

const missing = (): never => {
  throw new Error('being written');
};

/** Options left out are SCHEDULER_DEFAULTS. */
export const createScheduler = (_options: Partial<SchedulerOptions> = {}): Core => missing();
/** Applies one event; gives what the shell must do, in order. `nowMs` never goes back. */
export const handle = (_core: Core, _event: SchedulerEvent, _nowMs: number): readonly Effect[] => missing();
/** How many more candidates to lease from the queue now. */
export const wanted = (_core: Core): number => missing();
/** When the next `tick` is due at the latest, or null. */
export const nextWakeMs = (_core: Core): number | null => missing();
export const snapshot = (_core: Core): Snapshot => missing();
/** What one host holds, for the fleet view; null for a host never seen. */
export const hostSnapshot = (_core: Core, _hostId: HostId): HostSnapshot | null => missing();
/** Is the candidate in the scheduler (not finished)? */
