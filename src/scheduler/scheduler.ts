/**
 * The scheduler: events in, effects out. It owns the order of work, where each candidate is, and every retry; it does no I/O, reads no clock
 * and draws no random number, so the same events always return the same effects. The shell (src/engine) runs the effects.
 */
import type { DeviceClass } from '../domain/device.ts';
import type { CandidateId, HostId } from '../domain/ids.ts';
import type { BacklogRow } from '../domain/ports/store-rows.ts';
import { onJudged, onRetracted, onStarted } from './attempts.ts';
import { slotsBookedFor } from './bookings.ts';
import { askDue, onCanaryEnded, onCanaryWanted, onDeviceFault, onHostResumed, onQuarantineKnown } from './canaries.ts';
import { onCompiled } from './compiles.ts';
import { onCodeDoubted } from './doubted-code.ts';
import type { Effect } from './effects.ts';
import { roomOf } from './estimates.ts';
import type { SchedulerEvent } from './events.ts';
import { onHostChanged, onHostDraining, onHostLost, onHostRemoved, onHostUp } from './hosts.ts';
import { MISSING_MAX, SCHEDULER_DEFAULTS, type SchedulerOptions, SHARE_MIN, SHARED_PER_SLOT } from './options.ts';
import { pumpAll } from './pump.ts';
import { type HostSnapshot, hostSnapshotOf, type Snapshot, snapshotOf } from './snapshot.ts';
import { type ClassState, type CoreState, createState } from './state.ts';
import { onTaskPaused, onTaskReprioritised, onTaskUnpaused } from './steering.ts';
import { type TaskView, taskViewOf } from './task-view.ts';
import { onSubmittersSet, onTaskAdded, onTaskAdopted, onTaskCancelled, onUsageSet } from './tasks.ts';
import { onTick } from './time.ts';

/** Opaque to the shell; changed in place by `handle`. */
export type Core = CoreState;

/** Options left out are SCHEDULER_DEFAULTS. */
export const createScheduler = (options: Partial<SchedulerOptions> = {}): Core =>
  createState({ ...SCHEDULER_DEFAULTS, ...options });

/** Applies one event; returns what the shell must do, in order. `nowMs` never goes back. */
export const handle = (core: Core, event: SchedulerEvent, nowMs: number): readonly Effect[] => {
  core.nowMs = Math.max(core.nowMs, nowMs);
  core.outbox = [];
  apply(core, event);
  if (core.canaryDue) askDue(core);
  pumpAll(core);
  return core.outbox;
};

/** How many more candidates to lease from the queue now. Candidates that nothing can run do not keep others out, up to `heldMax` and `blockedMax`. */
export const wanted = (core: Core): number => {
  const { windowMin, windowMax, heldMax, blockedMax } = core.options;
  let room = 0;
  let blocked = 0;
  for (const state of core.classes.values()) {
    if (state.openPools === 0) blocked += state.counter.waiting;
    for (const pool of state.pools) room += Math.max(0, roomOf(pool));
  }
  if (blocked >= blockedMax) return 0;
  const window = Math.min(windowMax, Math.max(windowMin, room));
  return Math.max(0, Math.min(window - core.runnable, heldMax - core.tasks.size));
};

/** Who of the queue should have more candidates here: of a class that works, fewer are held than the submitter's share. */
export interface Underserved {
  readonly device: DeviceClass;
  readonly submitter: string;
  /** Held already, and how many more should be. */
  readonly held: number;
  readonly more: number;
}

/**
 * The queue returns what was submitted first. Behind a flood of one submitter, or of a class that nothing judges, others would not be seen here
 * at all: no turn could be theirs, and devices would idle. `backlog`: all that is not done.
 */
export const underserved = (core: Core, backlog: readonly BacklogRow[]): readonly Underserved[] => {
  const { heldMax, windowMax } = core.options;
  // Blocked ones may fill all that is held otherwise.
  let room = Math.min(MISSING_MAX, heldMax + windowMax - core.tasks.size);
  return missingOf(core, backlog)
    .toSorted((a, b) => a.held - b.held)
    .flatMap((one) => {
      const more = Math.min(one.more, Math.max(0, room));
      room -= more;
      return more > 0 ? [{ ...one, more }] : [];
    });
};

const missingOf = (core: Core, backlog: readonly BacklogRow[]): readonly Underserved[] =>
  [...Map.groupBy(backlog, ({ device }) => device)].flatMap(([device, rows]) => {
    const state = core.classes.get(device);
    if (!state || state.openPools === 0) return [];
    const weightOf = (submitter: string): number => core.rules.get(submitter)?.weight ?? 1;
    const weights = rows.reduce((sum, { submitter }) => sum + weightOf(submitter), 0);
    return rows.flatMap(({ submitter, count }) => {
      const booked = slotsBookedFor(state, submitter) * SHARED_PER_SLOT;
      const share = Math.max(SHARE_MIN, booked, Math.ceil((sharedOf(core, state) * weightOf(submitter)) / weights));
      const held = state.shares.get(submitter)?.held ?? 0;
      // Not for each that goes: half a share at a time.
      return held < share / 2 && held < count ? [{ device, submitter, held, more: Math.min(share, count) - held }] : [];
    });
  });

const sharedOf = ({ options: { windowMin, windowMax } }: Core, state: ClassState): number => {
  let slots = 0;
  for (const pool of state.pools) if (pool.open) slots += pool.available;
  return Math.min(windowMax, Math.max(windowMin, slots * SHARED_PER_SLOT));
};

/** When the next `tick` is due at the latest, or null. */
export const nextWakeMs = (core: Core): number | null => core.deadlines.peek()?.atMs ?? null;

/** For GET /v1/queue. */
export const snapshot = (core: Core): Snapshot => snapshotOf(core);

/** Device time of a submitter since `usage-set`; 0 of one whose is not limited. */
export const usedMsOf = (core: Core, submitter: string): number => core.usedMs.get(submitter) ?? 0;

export { poolViews } from './task-view.ts';
export { whyClassIsBlocked } from './snapshot.ts';

/** For the fleet view; null for a host never seen. */
export const hostSnapshot = (core: Core, hostId: HostId): HostSnapshot | null => hostSnapshotOf(core, hostId);

/** Where a candidate is and what comes before it; null for one that is not held. O(candidates of its class that wait). */
export const taskView = (core: Core, id: CandidateId): TaskView | null => taskViewOf(core, id);

const apply = (core: Core, event: SchedulerEvent): void => {
  switch (event.type) {
    case 'task-added':
      return onTaskAdded(core, event);
    case 'task-adopted':
      return onTaskAdopted(core, event);
    case 'task-cancelled':
      return onTaskCancelled(core, event);
    case 'task-paused':
      return onTaskPaused(core, event);
    case 'task-unpaused':
      return onTaskUnpaused(core, event);
    case 'task-reprioritised':
      return onTaskReprioritised(core, event);
    case 'host-up':
      return onHostUp(core, event);
    case 'host-changed':
      return onHostChanged(core, event);
    case 'host-lost':
      return onHostLost(core, event);
    case 'host-draining':
      return onHostDraining(core, event);
    case 'host-removed':
      return onHostRemoved(core, event);
    case 'compiled':
      return onCompiled(core, event);
    case 'started':
      return onStarted(core, event);
    case 'judged':
      return onJudged(core, event);
    case 'retracted':
      return onRetracted(core, event);
    case 'canary-ended':
      return onCanaryEnded(core, event);
    case 'canary-wanted':
      return onCanaryWanted(core, event);
    case 'device-fault':
      return onDeviceFault(core, event);
    case 'code-doubted':
      return onCodeDoubted(core, event);
    case 'quarantine-known':
      return onQuarantineKnown(core, event);
    case 'host-resumed':
      return onHostResumed(core, event);
    case 'submitters-set':
      return onSubmittersSet(core, event);
    case 'usage-set':
      return onUsageSet(core, event);
    case 'tick':
      return onTick(core);
  }
};
