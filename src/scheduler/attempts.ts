/** What hosts say of attempts. Every attempt number is used at most once: `usedUpTo` tells repeats and leftovers apart. */
import { attemptNumber, candidateIdOf, type ContentHash, type HostId } from '../domain/ids.ts';
import type { InfraFailure } from '../domain/infra-failure.ts';
import { mayTake } from './bookings.ts';
import { noteAttempt, noteVerdict } from './canaries.ts';
import { learnServiceTime } from './estimates.ts';
import type { AttemptOutcome, SchedulerEvent } from './events.ts';
import { correct } from './fair-share.ts';
import { failForGood, failOnHost, measureAgain } from './failures.ts';
import {
  beginOtherwise,
  conclude,
  finish,
  finishUnconfirmed,
  isLeaving,
  makeReady,
  release,
  requeue,
  startCompile,
  takeOutAs,
  wait,
} from './moves.ts';
import { keepThere } from './move-to.ts';
import { type CoreState, type Device, emit, type Entry, type Judging } from './state.ts';

type Judged = Extract<SchedulerEvent, { type: 'judged' }>;
type Started = Extract<SchedulerEvent, { type: 'started' }>;
type Retracted = Extract<SchedulerEvent, { type: 'retracted' }>;

/** It runs now: it can no longer be given back. */
export const onStarted = (core: CoreState, { attemptId }: Started): void => {
  const place = core.attempts.get(attemptId)?.place;
  if (place?.kind !== 'judge') return;
  place.device.running = place.entry;
  keepThere(core, place);
};

export const onJudged = (core: CoreState, event: Judged): void => {
  const current = core.attempts.get(event.attemptId);
  if (current?.place.kind === 'judge') return useResult(core, current.place, event);
  const entry = core.tasks.get(candidateIdOf(event.attemptId));
  if (entry && canUseLate(core, entry, event)) return useLate(core, entry, event);
  emit(core, { type: 'ack-stale', hostId: event.hostId, attemptIds: [event.attemptId] });
};

const useResult = (core: CoreState, judging: Judging, event: Judged): void => {
  const { entry, device } = judging;
  entry.usedUpTo = judging.attempt;
  const { result } = event;
  const isWhole = isWholeJudgement(result);
  if (isWhole) learnServiceTime(device, event.serviceMs);
  const doubted = device.trust.quarantine ? `host ${event.hostId} is quarantined; this one is judged again` : judging.doubted;
  if (doubted !== null) return doubt(core, entry, doubted);
  if (result.status === 'disturbed') {
    noteAttempt(core, device, false);
    return measureAgain(core, entry, { hostId: event.hostId, reason: result.reason });
  }
  if (result.status === 'otherwise') {
    noteAttempt(core, device, false);
    correct(core, entry, { serviceMs: event.serviceMs, isWhole });
    return beginOtherwise(core, entry, result.byAnswers);
  }
  if (result.status === 'infra') {
    if (result.failure.code === 'problem_refused') return failForGood(core, entry, result.failure.message);
    if (canRecompile(core, entry, result.failure)) return recompile(core, entry, event.hostId);
    noteAttempt(core, device, true);
    return failOnHost(core, entry, { hostId: event.hostId, reason: `${result.failure.code}: ${result.failure.message}` });
  }
  if (result.outcome.verdict === 'cancelled' && !entry.cancelled) {
    return failOnHost(core, entry, { hostId: event.hostId, reason: 'the host cancelled an attempt that nobody had cancelled' });
  }
  if (result.outcome.verdict !== 'cancelled') {
    noteAttempt(core, device, false);
    noteVerdict(core, device, result.outcome.verdict !== 'passed');
  }
  const { outcome } = result;
  correct(core, entry, { serviceMs: event.serviceMs, isWhole });
  useOutcome(core, entry, { outcome, attemptId: event.attemptId, confirm: event.confirm, device, artifact: judging.artifact });
};

/** What failed, or was cut off, says nothing of how long a judgement takes. */
const isWholeJudgement = (result: Judged['result']): boolean =>
  result.status === 'disturbed' ||
  result.status === 'otherwise' ||
  (result.status === 'judged' && result.outcome.verdict !== 'cancelled');

/** What a quarantined device says, or anybody of code by a quarantined compiler, is not used, and costs nothing. */
const doubt = (core: CoreState, entry: Entry, reason: string): void => {
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  requeue(core, entry, reason);
};

/** Hosts keep what they compiled for a while only: that it is gone is nobody's failure. */
const canRecompile = (core: CoreState, entry: Entry, failure: InfraFailure): boolean =>
  failure.code === 'unknown_artifact' && !entry.cancelled && entry.recompiles < core.options.recompilesMax;

const recompile = (core: CoreState, entry: Entry, hostId: HostId): void => {
  entry.recompiles += 1;
  requeue(core, entry, `host ${hostId} no longer has its artifact; it is compiled again`);
};

interface Used extends AttemptOutcome {
  readonly confirm: Judged['confirm'];
  /** Where it was judged; null where only its host is known. */
  readonly device: Device | null;
  readonly artifact: ContentHash | null;
}

/**
 * A screening may ask for a confirmation, and a confirmation for another: the record changed hands meanwhile. Anything else is final; but a
 * confirmation that took too long says nothing against what the screening showed.
 */
const useOutcome = (core: CoreState, entry: Entry, { outcome, attemptId, confirm, device, artifact }: Used): void => {
  if (entry.confirm && !entry.cancelled && outcome.verdict === 'timed_out') return finishUnconfirmed(core, entry);
  const before = entry.confirm ?? { screened: { attemptId, outcome }, screenedOn: device, round: 0, failures: 0 };
  if (!confirm || entry.cancelled || before.round >= core.options.confirmationsMax) {
    return conclude(core, entry, { outcome, attemptId });
  }
  const confirmation = { ...before, model: confirm.deviceModel, round: before.round + 1 };
  const pool = device?.pool;
  if (pool?.open && artifact && pool.model === confirm.deviceModel && mayTake(pool, entry)) {
    entry.confirm = confirmation;
    return makeReady(core, entry, { pool, artifact });
  }
  takeOutAs(core, entry, { reason: 'passed as the fastest yet; to be confirmed', confirm: confirmation });
  wait(core, entry);
};

/** An older attempt's verdict is as good as another, unless a judge has the candidate again or it was used or given back before. */
const canUseLate = (core: CoreState, entry: Entry, event: Judged): boolean =>
  !hasQuarantine(core, event.hostId) &&
  entry.place.kind !== 'judge' &&
  attemptNumber(event.attemptId) > entry.usedUpTo &&
  attemptNumber(event.attemptId) <= entry.attempts &&
  event.result.status === 'judged' &&
  event.result.outcome.verdict !== 'cancelled';

const useLate = (core: CoreState, entry: Entry, event: Judged): void => {
  const { attemptId, result, confirm } = event;
  if (result.status !== 'judged') return;
  entry.usedUpTo = attemptNumber(attemptId);
  correct(core, entry, { serviceMs: event.serviceMs, isWhole: true });
  useOutcome(core, entry, { outcome: result.outcome, attemptId, confirm, device: null, artifact: null });
};

/** Which of the host's devices it was is not told. */
const hasQuarantine = (core: CoreState, hostId: HostId): boolean =>
  [...(core.hosts.get(hostId)?.devices.values() ?? [])].some(({ trust }) => trust.quarantine !== null);

export const onRetracted = (core: CoreState, { attemptIds }: Retracted): void => {
  for (const attemptId of attemptIds) {
    const place = core.attempts.get(attemptId)?.place;
    if (place?.kind === 'judge') takeBack(core, place);
  }
};

const takeBack = (core: CoreState, judging: Judging): void => {
  const { entry, artifact } = judging;
  const own = judging.device.pool;
  const to = judging.retract?.to ?? own;
  entry.usedUpTo = judging.attempt;
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  if (isLeaving(entry)) return release(core, entry);
  if (judging.doubted !== null) return requeue(core, entry, judging.doubted);
  if (to && to !== own && to.open && entry.group.pools.has(to)) {
    requeue(core, entry, `moved to host ${to.host.id}, which is idle`);
    return startCompile(core, entry, to);
  }
  if (own?.open && artifact && mayTake(own, entry)) return makeReady(core, entry, { pool: own, artifact });
  requeue(core, entry, 'given back by its device');
};
