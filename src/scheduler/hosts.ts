import { attemptNumber, candidateIdOf, type AttemptId } from '../domain/ids.ts';
import { askAgain } from './canaries.ts';
import { armHost, disarm } from './deadlines.ts';
import type { HeldAttempts, SchedulerEvent } from './events.ts';
import { loseAttempt } from './failures.ts';
import { applyFacts, forgetHost, hostOf, refreshPools, releaseCompiling, releaseReady, setDraining } from './host-state.ts';
import { finish, judgingState, requeue } from './moves.ts';
import { keepThere, moveTo } from './move-to.ts';
import { type CoreState, emit, type Host, type Judging } from './state.ts';

type HostUp = Extract<SchedulerEvent, { type: 'host-up' }>;
type HostChanged = Extract<SchedulerEvent, { type: 'host-changed' }>;
type HostDraining = Extract<SchedulerEvent, { type: 'host-draining' }>;
type HostRemoved = Extract<SchedulerEvent, { type: 'host-removed' }>;
type HostLost = Extract<SchedulerEvent, { type: 'host-lost' }>;

/** Attached, for the first time or again: what the runner holds and what we think it holds are brought together. */
export const onHostUp = (core: CoreState, { host: facts, attempts }: HostUp): void => {
  const host = hostOf(core, facts.hostId);
  disarm(core, host);
  if (host.up) dropOldConnection(core, host, facts.runnerId);
  askAgain(core, host);
  host.up = true;
  for (const entry of host.attempts) if (entry.place.kind === 'judge') keepThere(core, entry.place);
  applyFacts(core, host, facts);
  reconcile(core, host, attempts);
};

/** Attached anew without a loss in between: compile jobs asked for before may never be answered; a new runner may lack the code. */
const dropOldConnection = (core: CoreState, host: Host, runnerId: string): void => {
  const reason = 'its host was attached anew';
  for (const pool of host.pools.values()) {
    releaseCompiling(core, pool, reason);
    if (host.runnerId !== runnerId) releaseReady(core, pool, reason);
  }
};

/** Before the first hello of the host it says nothing that could be trusted. */
export const onHostChanged = (core: CoreState, { host: facts }: HostChanged): void => {
  const host = core.hosts.get(facts.hostId);
  if (host?.up) applyFacts(core, host, facts);
};

/** Its attempts wait for it: the runner outlives the connection. All else moves on at once. */
export const onHostLost = (core: CoreState, { hostId }: HostLost): void => {
  const host = core.hosts.get(hostId);
  if (!host?.up) return;
  host.up = false;
  refreshPools(core, host);
  for (const entry of host.attempts) if (entry.cancelled) finish(core, entry, { verdict: 'cancelled' });
  if (host.attempts.size > 0) armHost(core, host, core.nowMs + core.options.hostGraceMs);
};

/** It is given nothing more; what it has goes on. Or the opposite. */
export const onHostDraining = (core: CoreState, { hostId, draining }: HostDraining): void => {
  const host = core.hosts.get(hostId);
  if (host) setDraining(core, host, draining);
};

/** It does not come back: its attempts are given up at once. */
export const onHostRemoved = (core: CoreState, { hostId }: HostRemoved): void => {
  const host = core.hosts.get(hostId);
  if (!host) return;
  onHostLost(core, { type: 'host-lost', hostId });
  disarm(core, host);
  giveUpHost(core, host);
  forgetHost(core, host);
};

/** The grace of a lost host ran out. */
export const giveUpHost = (core: CoreState, host: Host): void => {
  for (const entry of host.attempts) loseAttempt(core, entry, `host ${host.id} was lost`);
};

/**
 * What only the runner knows is cancelled, not retracted: it may start at any moment, when a retract would no longer stop it. Queued ones
 * first, so that none starts because the running one was cancelled.
 */
const reconcile = (core: CoreState, host: Host, held: HeldAttempts): void => {
  const stale: AttemptId[] = [];
  for (const attemptId of held.queued) {
    if (!recognise(core, host, { attemptId, running: false })) emit(core, { type: 'cancel', hostId: host.id, attemptId });
  }
  for (const attemptId of held.running) {
    if (recognise(core, host, { attemptId, running: true }) || resume(core, host, attemptId)) continue;
    emit(core, { type: 'cancel', hostId: host.id, attemptId });
  }
  for (const attemptId of held.finished) {
    if (!recognise(core, host, { attemptId, running: false }) && !isAwaited(core, attemptId)) stale.push(attemptId);
  }
  if (stale.length > 0) emit(core, { type: 'ack-stale', hostId: host.id, attemptIds: stale });
  loseUnknown(core, host, new Set([...held.queued, ...held.running, ...held.finished]));
};

interface HeldAttempt {
  readonly attemptId: AttemptId;
  readonly running: boolean;
}

/** Is it the attempt that we think is there? Then it goes on. */
const recognise = (core: CoreState, host: Host, { attemptId, running }: HeldAttempt): boolean => {
  const place = core.attempts.get(attemptId)?.place;
  if (place?.kind !== 'judge' || place.host !== host) return false;
  disarm(core, place.entry);
  learnModel(place);
  if (running) place.device.running = place.entry;
  if (place.entry.cancelled) emit(core, { type: 'cancel', hostId: host.id, attemptId });
  return true;
};

const learnModel = ({ entry, device }: Judging): void => {
  if (entry.confirm) entry.confirm.model ??= device.pool?.model ?? null;
};

/** An attempt given up while its host was away, still running there, and no judge has the candidate since: it goes on after all. */
const resume = (core: CoreState, host: Host, attemptId: AttemptId): boolean => {
  const entry = core.tasks.get(candidateIdOf(attemptId));
  const lost = entry?.lost;
  if (!entry || entry.place.kind === 'judge' || lost?.attemptId !== attemptId || lost.host !== host) return false;
  if (attemptNumber(attemptId) <= entry.usedUpTo) return false;
  if (entry.place.kind === 'compiling' || entry.place.kind === 'ready') requeue(core, entry, 'its first attempt goes on');
  const { attempt, device } = lost;
  moveTo(core, entry, { kind: 'judge', entry, host, device, attempt, attemptId, artifact: null, retract: null, doubted: null });
  device.running = entry;
  emit(core, {
    type: 'moved',
    id: entry.task.id,
    state: judgingState(entry, { hostId: host.id, deviceId: device.id, attemptId }),
  });
  return true;
};

/** Its result follows the hello and will be used. */
const isAwaited = (core: CoreState, attemptId: AttemptId): boolean => {
  const entry = core.tasks.get(candidateIdOf(attemptId));
  return entry !== undefined && entry.place.kind !== 'judge' && attemptNumber(attemptId) > entry.usedUpTo;
};

/** The runner was started anew, or its lease ran out: it has forgotten them. */
const loseUnknown = (core: CoreState, host: Host, held: ReadonlySet<AttemptId>): void => {
  for (const entry of host.attempts) {
    if (entry.place.kind === 'judge' && !held.has(entry.place.attemptId))
      loseAttempt(core, entry, `host ${host.id} no longer knows the attempt`);
  }
};
