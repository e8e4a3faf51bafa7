import { attemptNumber } from '../domain/ids.ts';
import { armEntry } from './deadlines.ts';
import type { SchedulerEvent, Task } from './events.ts';
import { groupOf } from './groups.ts';
import { deviceOf, hostOf } from './host-state.ts';
import { finish, wait } from './moves.ts';
import { moveTo } from './move-to.ts';
import { joinLevel, lookAtSubmitter, shareOf } from './fair-share.ts';
import { type Confirmation, type CoreState, emit, Entry, RULES_DEFAULT, type Submitter } from './state.ts';

type Added = Extract<SchedulerEvent, { type: 'task-added' }>;
type Adopted = Extract<SchedulerEvent, { type: 'task-adopted' }>;
type Cancelled = Extract<SchedulerEvent, { type: 'task-cancelled' }>;
type SubmittersSet = Extract<SchedulerEvent, { type: 'submitters-set' }>;
type UsageSet = Extract<SchedulerEvent, { type: 'usage-set' }>;

export const onTaskAdded = (core: CoreState, { task, confirmOn }: Added): void => {
  if (core.tasks.has(task.id)) return;
  wait(core, enlist(core, task, confirmOn === undefined ? null : screenedBefore(confirmOn)));
};

/** By an earlier life of the daemon, which knew what it came to. */
const screenedBefore = (model: string | null): Confirmation => ({
  model,
  screened: null,
  screenedOn: null,
  round: 1,
  failures: 0,
});

/** Takes up an attempt that an earlier life of the daemon started. Its host is told nothing until it says hello. */
export const onTaskAdopted = (core: CoreState, event: Adopted): void => {
  if (core.tasks.has(event.task.id)) return;
  const host = hostOf(core, event.hostId);
  const device = deviceOf(host, event.deviceId);
  const confirm =
    event.mode === 'confirm'
      ? { ...screenedBefore(event.deviceModel ?? device.pool?.model ?? null), screened: event.screened }
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
  const submitter = submitterOf(core, task.submitter);
  const share = shareOf(group.class, submitter);
  const entry = new Entry({
    task,
    sequence: core.nextSequence,
    submitter,
    share,
    level: joinLevel(share, group, task.priority),
    group,
    confirm,
    excluded,
  });
  core.nextSequence += 1;
  group.members += 1;
  core.tasks.set(task.id, entry);
  return entry;
};

const submitterOf = (core: CoreState, name: string): Submitter => {
  const known = core.submitters.get(name);
  if (known) return known;
  const rules = core.rules.get(name) ?? RULES_DEFAULT;
  const made: Submitter = { name, waiting: 0, running: 0, inWork: 0, rules };
  core.submitters.set(name, made);
  return made;
};

/** Weights and limits, all of them anew: they hold for what begins from now on. */
export const onSubmittersSet = (core: CoreState, { rules }: SubmittersSet): void => {
  core.rules = rules;
  for (const submitter of core.submitters.values()) {
    submitter.rules = rules.get(submitter.name) ?? RULES_DEFAULT;
    lookAtSubmitter(core, submitter);
  }
};

/** Device time that was given in the span for which it is limited, of each whose is. */
export const onUsageSet = (core: CoreState, { usedMs }: UsageSet): void => {
  core.usedMs = new Map(usedMs);
  for (const submitter of core.submitters.values()) lookAtSubmitter(core, submitter);
};
