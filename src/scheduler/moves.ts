/** What can happen to an entry: each moves it and emits the effects that go with it. */
import type { ByAnswers } from '../domain/candidate.ts';
import { attemptIdOf, type ContentHash } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Effect, MovedState } from './effects.ts';
import { leaveLevel } from './fair-share.ts';
import { regroup, relax } from './groups.ts';
import { moveTo } from './move-to.ts';
import { type CoreState, type Device, emit, type Entry, type Judging, type Pool } from './state.ts';

type Finished = Extract<Effect, { type: 'finished' }>;
type AtJudge = Extract<MovedState, { status: 'judging' }>;

export const startCompile = (core: CoreState, entry: Entry, pool: Pool): void => {
  const { id } = entry.task;
  moveTo(core, entry, { kind: 'compiling', pool, sinceMs: core.nowMs });
  emit(core, { type: 'moved', id, state: { status: 'compiling', hostId: pool.host.id, ...toConfirm(entry) } });
  emit(core, { type: 'compile', id, hostId: pool.host.id, deviceModel: pool.model });
};

export const makeReady = (core: CoreState, entry: Entry, to: { readonly pool: Pool; readonly artifact: ContentHash }): void => {
  moveTo(core, entry, { kind: 'ready', pool: to.pool, sinceMs: core.nowMs, artifact: to.artifact, jumped: false });
  emit(core, { type: 'moved', id: entry.task.id, state: { status: 'ready', hostId: to.pool.host.id, ...toConfirm(entry) } });
};

/** As the store keeps it. */
export const toConfirm = ({ confirm }: Pick<Entry, 'confirm'>): { readonly confirmOn?: string } =>
  confirm?.model ? { confirmOn: confirm.model } : {};

/** Hands a ready entry to a device, under an attempt id never used before. */
export const sendToJudge = (core: CoreState, entry: Entry, device: Device): void => {
  if (entry.place.kind !== 'ready') return;
  const { artifact, sinceMs } = entry.place;
  const { id } = entry.task;
  entry.attempts += 1;
  const attemptId = attemptIdOf(id, entry.attempts);
  const hostId = device.host.id;
  moveTo(core, entry, {
    kind: 'judge',
    entry,
    host: device.host,
    device,
    attempt: entry.attempts,
    attemptId,
    artifact,
    retract: null,
    doubted: null,
  });
  const mode = entry.confirm ? 'confirm' : 'screen';
  emit(core, { type: 'moved', id, state: judgingState(entry, { hostId, deviceId: device.id, attemptId }) });
  emit(core, { type: 'judge', id, attemptId, hostId, deviceId: device.id, mode, artifact, waitedMs: core.nowMs - sinceMs });
};

/** At a judge. */
export const judgingState = (entry: Entry, at: Pick<AtJudge, 'hostId' | 'deviceId' | 'attemptId'>): MovedState =>
  entry.confirm ? { status: 'confirming', ...at, ...toConfirm(entry) } : { status: 'judging', ...at };

/** Asks entries of one host back. */
export const retract = (core: CoreState, judgings: readonly Judging[], to: Pool | null): void => {
  const [first] = judgings;
  if (!first?.host.up) return;
  for (const judging of judgings) {
    judging.retract = { to };
    if (to) to.incoming += 1;
  }
  emit(core, { type: 'retract', hostId: first.host.id, attemptIds: judgings.map((judging) => judging.attemptId) });
};

/** Those of the device that have not started, as far as is known, and are not asked back; oldest first. */
export const retractable = (device: Device): readonly Judging[] => {
  const found: Judging[] = [];
  for (const entry of device.entries) {
    if (entry === device.running || entry.cancelled || entry.place.kind !== 'judge' || entry.place.retract) continue;
    found.push(entry.place);
  }
  return found;
};

/** Stops work that is no longer wanted on the host that compiles it. */
export const withdraw = (core: CoreState, entry: Entry): void => {
  if (entry.place.kind !== 'compiling' || !entry.place.pool.host.up) return;
  emit(core, { type: 'cancel-compile', id: entry.task.id, hostId: entry.place.pool.host.id });
};

/** Back into the queue, wherever it is now; no fault of its own or of a host. */
export const requeue = (core: CoreState, entry: Entry, reason: string): void => {
  takeOut(core, entry, reason);
  wait(core, entry);
};

/** Its code is no longer what is to be judged: it is compiled anew, and nothing of before counts. */
export const beginOtherwise = (core: CoreState, entry: Entry, byAnswers: ByAnswers): void => {
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  takeOutAs(core, entry, { reason: `${byAnswers.reason}; it is judged by its answers`, confirm: null, byAnswers });
  wait(core, entry);
};

/** Out of its place, so that its constraints may change; `wait` must follow. */
export const takeOut = (core: CoreState, entry: Entry, reason: string): void =>
  takeOutAs(core, entry, { reason, confirm: entry.confirm });

/** The same, for an entry that is to be confirmed from now on, or not any more; with `byAnswers`, that goes on by its answers. */
export const takeOutAs = (
  core: CoreState,
  entry: Entry,
  { reason, confirm, byAnswers }: { readonly reason: string; readonly byAnswers?: ByAnswers } & Pick<Entry, 'confirm'>,
): void => {
  withdraw(core, entry);
  if (entry.counted !== 'queued') {
    const { id } = entry.task;
    emit(core, { type: 'requeued', id, reason, infra: false, ...toConfirm({ confirm }), ...(byAnswers && { byAnswers }) });
  }
  moveTo(core, entry, { kind: 'backoff' });
  entry.confirm = confirm;
};

/** Into the heap of its group, as its constraints are now; or out of the scheduler, where it is paused. */
export const wait = (core: CoreState, entry: Entry): void => {
  if (isLeaving(entry)) return release(core, entry);
  moveTo(core, entry, { kind: 'backoff' });
  regroup(core, entry);
  relax(core, entry);
  moveTo(core, entry, { kind: 'pending', group: entry.group });
};

/** Without the word of a judge, or with one that says nothing of the candidate. */
export const finish = (core: CoreState, entry: Entry, outcome: Outcome): void =>
  conclude(core, entry, { outcome, attemptId: null });

/** Ends a would-be record with what its screening came to. Where that is not known any more it is screened again. */
export const finishUnconfirmed = (core: CoreState, entry: Entry): void => {
  const screened = entry.confirm?.screened;
  if (screened) return conclude(core, entry, screened);
  takeOutAs(core, entry, { reason: 'its screening is not known any more', confirm: null });
  wait(core, entry);
};

export const conclude = (core: CoreState, entry: Entry, end: Pick<Finished, 'outcome' | 'attemptId'>): void => {
  withdraw(core, entry);
  forget(core, entry);
  emit(core, { type: 'finished', id: entry.task.id, ...end });
};

/** A would-be record is paired with the record holder first: what its screening showed would be lost. */
export const isLeaving = ({ paused, confirm }: Entry): boolean => paused && !confirm;

export const release = (core: CoreState, entry: Entry): void => {
  takeOut(core, entry, 'paused');
  forget(core, entry);
  emit(core, { type: 'released', id: entry.task.id });
};

const forget = (core: CoreState, entry: Entry): void => {
  moveTo(core, entry, { kind: 'done' });
  entry.group.members -= 1;
  leaveLevel(core, entry);
  core.tasks.delete(entry.task.id);
};
