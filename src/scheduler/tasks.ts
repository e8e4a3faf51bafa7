import { attemptNumber } from '../domain/ids.ts';
import { armEntry } from './deadlines.ts';
import type { SchedulerEvent, Task } from './events.ts';
import { groupOf } from './groups.ts';
import { deviceOf, hostOf } from './host-state.ts';
import { finish, wait } from './moves.ts';
import { moveTo } from './move-to.ts';
import {
  type ClassState,
  type Confirmation,
  type CoreState,
  type Counter,
  emit,
  Entry,
  type Group,
  type Share,
} from './state.ts';

type Added = Extract<SchedulerEvent, { type: 'task-added' }>;
type Adopted = Extract<SchedulerEvent, { type: 'task-adopted' }>;
type Cancelled = Extract<SchedulerEvent, { type: 'task-cancelled' }>;

export const onTaskAdded = (core: CoreState, { task }: Added): void => {
  if (core.tasks.has(task.id)) return;
  wait(core, enlist(core, task, null));
};

/** Takes up an attempt that an earlier life of the daemon started. Its host is told nothing until it says hello. */
export const onTaskAdopted = (core: CoreState, event: Adopted): void => {
  if (core.tasks.has(event.task.id)) return;
  const host = hostOf(core, event.hostId);
  const device = deviceOf(host, event.deviceId);
  const confirm =
    event.mode === 'confirm'
      ? {
          model: event.deviceModel ?? device.pool?.model ?? null,
          screened: event.screened,
          screenedOn: null,
          round: 1,
          failures: 0,
        }
      : null;
  const entry = enlist(core, event.task, confirm);
  const attempt = attemptNumber(event.attemptId);
  entry.attempts = Math.max(entry.attempts, attempt);
  entry.usedUpTo = attempt - 1;
  moveTo(core, entry, {
    kind: 'judge',
    entry,
    host,
    device,
    attempt,
    attemptId: event.attemptId,
    artifact: null,
    retract: null,
    doubted: null,
  });
  armEntry(core, entry, core.nowMs + core.options.adoptGraceMs);
};

/** At once, unless a judge has it: then its host is told, and the result that comes ends it. */
export const onTaskCancelled = (core: CoreState, { id }: Cancelled): void => {
  const entry = core.tasks.get(id);
  if (!entry) return;
  const { place } = entry;
  if (place.kind !== 'judge' || !place.host.up) return finish(core, entry, { verdict: 'cancelled' });
  if (entry.cancelled) return;
  entry.cancelled = true;
  emit(core, { type: 'cancel', hostId: place.host.id, attemptId: place.attemptId });
};

const enlist = (core: CoreState, task: Task, confirm: Confirmation | null): Entry => {
  const excluded = [...(task.excludedHosts ?? [])].toSorted();
  const group = groupOf(core, { task, confirm, excluded });
  const share = shareOf(group.class, task.submitter);
  share.held += 1;
  const turn = takeTurn(group, share, task.priority);
  const entry = new Entry({
    task,
    sequence: core.nextSequence,
    submitter: submitterOf(core, task.submitter),
    share,
    turn,
    group,
    confirm,
    excluded,
  });
  core.nextSequence += 1;
  group.members += 1;
  core.tasks.set(task.id, entry);
  return entry;
};

/** What others of the class go past, for want of a label or a language, takes no turn away from its submitter's other candidates. */
export const takeTurn = ({ class: state, pools }: Group, { turns }: Share, priority: number): number => {
  const turn = Math.max(turns.get(priority) ?? 0, state.turns.get(priority) ?? 0) + 1;
  if (pools.size > 0 || state.openPools === 0) turns.set(priority, turn);
  return turn;
};

const shareOf = (state: ClassState, submitter: string): Share => {
  const known = state.shares.get(submitter);
  if (known) return known;
  const made: Share = { held: 0, turns: new Map() };
  state.shares.set(submitter, made);
  return made;
};

const submitterOf = (core: CoreState, name: string): Counter => {
  const known = core.submitters.get(name);
  if (known) return known;
  const made: Counter = { name, waiting: 0, running: 0 };
  core.submitters.set(name, made);
  return made;
};
