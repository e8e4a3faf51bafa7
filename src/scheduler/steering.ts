/** What people change about candidates that wait: paused, unpaused, of another priority. */
import type { SchedulerEvent } from './events.ts';
import { charge, joinLevel, leaveLevel, refund } from './fair-share.ts';
import { release, wait } from './moves.ts';
import { moveTo } from './move-to.ts';
import type { CoreState, Entry } from './state.ts';

type Of<T extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: T }>;

/** At once, unless a device has it or it is to be confirmed: then where it would wait again. */
export const onTaskPaused = (core: CoreState, { id }: Of<'task-paused'>): void => {
  const entry = core.tasks.get(id);
  if (!entry || entry.cancelled) return;
  entry.paused = true;
  if (entry.place.kind !== 'judge' && !entry.confirm) release(core, entry);
};

export const onTaskUnpaused = (core: CoreState, { id }: Of<'task-unpaused'>): void => {
  const entry = core.tasks.get(id);
  if (entry) entry.paused = false;
};

/** Among those of its new priority it comes last of its submitter. What a device has is not moved. */
export const onTaskReprioritised = (core: CoreState, { id, priority }: Of<'task-reprioritised'>): void => {
  const entry = core.tasks.get(id);
  if (!entry || entry.task.priority === priority) return;
  // It comes first anyway, whatever its priority, and its tag orders the heap that it is in.
  if (entry.confirm) return void (entry.task = { ...entry.task, priority });
  const { place } = entry;
  switch (place.kind) {
    case 'pending':
      moveTo(core, entry, { kind: 'backoff' });
      reorder(core, entry, priority);
      return wait(core, entry);
    case 'ready':
      moveTo(core, entry, { kind: 'backoff' });
      reorder(core, entry, priority);
      return moveTo(core, entry, { ...place, jumped: false });
    case 'backoff':
    case 'compiling':
    case 'judge':
    case 'done':
      return reorder(core, entry, priority);
  }
};

/** Charged anew where its place is bound to a pool. */
const reorder = (core: CoreState, entry: Entry, priority: number): void => {
  const isCharged = entry.charged !== null;
  refund(entry);
  leaveLevel(core, entry);
  entry.task = { ...entry.task, priority };
  entry.level = joinLevel(entry.share, entry.group, priority);
  if (isCharged) charge(entry);
};
