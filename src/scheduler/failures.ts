/** Failures that are not the candidate's: retried elsewhere, counted, and final only after `infraRetries`. */
import type { HostId } from '../domain/ids.ts';
import { armEntry } from './deadlines.ts';
import { exclude } from './groups.ts';
import { finish, finishUnconfirmed, requeue, toConfirm, wait, withdraw } from './moves.ts';
import { moveTo } from './move-to.ts';
import { type CoreState, emit, type Entry } from './state.ts';
import { doubledMs } from '../platform/backoff.ts';

export interface HostFault {
  readonly hostId: HostId;
  readonly reason: string;
}

export const failOnHost = (core: CoreState, entry: Entry, fault: HostFault): void => {
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  entry.infraFailures += 1;
  if (entry.confirm) entry.confirm.failures += 1;
  const failures = entry.confirm ? entry.confirm.failures : entry.infraFailures;
  if (failures > core.options.infraRetries) return giveUp(core, entry, fault);
  withdraw(core, entry);
  emit(core, { type: 'requeued', id: entry.task.id, reason: fault.reason, infra: true, ...toConfirm(entry) });
  moveTo(core, entry, { kind: 'backoff' });
  if (exclude(core, entry, fault.hostId)) return wait(core, entry);
  armEntry(core, entry, core.nowMs + doubledMs(failures, { minMs: core.options.backoffMs, maxMs: Infinity }));
};

/** Nobody's failure: its times do not count. Another host goes first, where there is one; this one after a while. */
export const measureAgain = (core: CoreState, entry: Entry, { hostId, reason }: HostFault): void => {
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  withdraw(core, entry);
  emit(core, { type: 'requeued', id: entry.task.id, reason, infra: false, ...toConfirm(entry) });
  moveTo(core, entry, { kind: 'backoff' });
  if (exclude(core, entry, hostId)) return wait(core, entry);
  armEntry(core, entry, core.nowMs + core.options.backoffMs);
};

/** It would fail on any host. */
export const failForGood = (core: CoreState, entry: Entry, message: string): void => {
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  if (entry.confirm) return finishUnconfirmed(core, entry);
  finish(core, entry, { verdict: 'infra_failed', message });
};

const giveUp = (core: CoreState, entry: Entry, fault: HostFault): void => {
  if (entry.confirm) return finishUnconfirmed(core, entry);
  const message = `${entry.infraFailures} failures that are not the candidate's; the last, on host ${fault.hostId}: ${fault.reason}`;
  finish(core, entry, { verdict: 'infra_failed', message });
};

/**
 * The attempt is given up: its host is gone for good or does not know it. One that was seen to start counts as an infra failure (it may be
 * what takes hosts down); one that only waited there does not.
 */
export const loseAttempt = (core: CoreState, entry: Entry, reason: string): void => {
  const { place } = entry;
  if (place.kind !== 'judge') return;
  if (entry.cancelled) return finish(core, entry, { verdict: 'cancelled' });
  if (place.doubted !== null) {
    entry.usedUpTo = place.attempt;
    return requeue(core, entry, place.doubted);
  }
  entry.lost = { attemptId: place.attemptId, attempt: place.attempt, host: place.host, device: place.device };
  if (entry.confirm && entry.confirm.model === null) return finishUnconfirmed(core, entry);
  if (place.device.running === entry) return failOnHost(core, entry, { hostId: place.host.id, reason });
  requeue(core, entry, reason);
};
