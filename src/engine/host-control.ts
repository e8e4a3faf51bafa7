/** Hosts that come and go while the daemon runs. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostId } from '../domain/ids.ts';
import type { HostControl } from '../domain/ports/host-control.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import { hostSnapshot } from '../scheduler/scheduler.ts';
import { recoverCanaries } from './canaries/quarantine.ts';
import { recoverCompilers } from './compiling/compiler-quarantine.ts';
import { onRemoved } from './host-events.ts';
import { connectedTo, type HostState } from './host-state.ts';
import { recoverBookings } from './hosts/bookings.ts';
import { createHost } from './hosts/create-host.ts';
import { recoverHolds } from './hosts/holds.ts';
import { factsOf } from './hosts/host-facts.ts';
import type { EngineState } from './state.ts';

/** What is not done by then goes elsewhere. */
const DRAIN_MS_MAX = 600_000;
const LOOK_MS = 100;
const WRITE_MS_MAX = 5_000;

export interface HostControlDeps {
  readonly hosts: Map<HostId, HostState>;
  readonly startSession: (session: HostSession) => void;
}

export const createHostControl = (state: EngineState, { hosts, startSession }: HostControlDeps): HostControl => {
  const note = (type: 'host.added' | 'host.draining', hostId: HostId, data: Record<string, unknown>): void => {
    state.writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId, data } });
    state.notify();
  };

  const refuseKnown = (hostId: HostId): void => {
    if (hosts.has(hostId)) throw new Error(`host ${hostId} is in the fleet already`);
  };

  const add: HostControl['add'] = async (session) => {
    refuseKnown(session.hostId);
    const [canaries, holds, bookings] = await Promise.all([state.store.canaries(), state.store.holds(), state.store.bookings()]);
    refuseKnown(session.hostId);
    hosts.set(session.hostId, createHost(session, state.bundles));
    // Of this host alone: what is said of others may have changed while the store was asked.
    const isOfIt = ({ hostId }: { readonly hostId: HostId }): boolean => hostId === session.hostId;
    recoverCanaries(state, canaries.filter(isOfIt));
    recoverCompilers(state, canaries.filter(isOfIt));
    recoverHolds(state, holds.filter(isOfIt));
    recoverBookings(state, bookings.filter(isOfIt));
    note('host.added', session.hostId, { address: session.address });
    startSession(session);
  };

  const relabel: HostControl['relabel'] = (hostId, labels) => {
    const host = hosts.get(hostId);
    if (!host) return;
    host.labels = labels;
    if (connectedTo(host)) state.apply({ type: 'host-changed', host: factsOf(state, host) });
  };

  const remove: HostControl['remove'] = async (hostId, { reason, shutdownRunner }) => {
    const host = hosts.get(hostId);
    if (!host || host.leaving !== null) return;
    host.leaving = reason;
    state.compileHosts.delete(host);
    note('host.draining', hostId, { reason });
    state.apply({ type: 'host-draining', hostId, draining: true });
    await drained(state, host);
    await acknowledged(state, host, reason);
    await host.session.stop({ shutdownRunner });
    hosts.delete(hostId);
    onRemoved(state, host);
    state.notify();
  };

  return { add, remove, relabel };
};

/** Nothing runs there that anybody waits for; or it is away, or the daemon stops, or it takes too long. */
const drained = async (state: EngineState, host: HostState): Promise<void> => {
  const deadlineMs = state.monotonicMs() + DRAIN_MS_MAX;
  while (state.isRunning() && connectedTo(host) && !isIdle(state, host) && state.monotonicMs() < deadlineMs) await pause(LOOK_MS);
};

/** Its last results are committed and acknowledged before its connection ends; while the store takes no writes that is not waited for. */
const acknowledged = async (state: EngineState, host: HostState, reason: string): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const event = { type: 'host.removed', candidateId: null, hostId: host.session.hostId, data: { reason } } as const;
  state.writeBehind.add({ type: 'event', event, after: resolve });
  await Promise.race([promise, pause(WRITE_MS_MAX, undefined, { ref: false })]);
};

const isIdle = (state: EngineState, host: HostState): boolean => {
  const connection = connectedTo(host);
  if (host.lent.size > 0) return false;
  const held = hostSnapshot(state.core, host.session.hostId);
  const isProfiling = [...state.profiles.values()].some(
    ({ stage }) => stage.name === 'running' && stage.place.hostId === host.session.hostId,
  );
  if (isProfiling || (connection && connection.asked.size + connection.canaryRuns.size > 0)) return false;
  return held === null || held.devices.every(({ queued, running }) => queued === 0 && running === null);
};
