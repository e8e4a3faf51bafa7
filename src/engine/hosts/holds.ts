/**
 * Hosts and devices that take no work since somebody said so. Written before it holds, so that a restart changes nothing. What runs is finished; what
 * waits there goes elsewhere; a host that is held as a whole compiles for nobody either.
 */
import type { HoldHost, HoldRecord, HostHolds, ReleaseHost } from '../../domain/hosts/hold.ts';
import type { HostId } from '../../domain/ids.ts';
import type { HostState } from '../host-state.ts';
import type { HoldsSlice } from '../state.ts';
import { onKeptQuarantined } from '../canaries/quarantine.ts';
import { noteDeviceStates } from './device-states.ts';
import { factsOf } from './host-facts.ts';
import { operatedEvent, operatedHost, type Operator } from './operated.ts';

export const holdHost = async (
  state: HoldsSlice,
  hostId: HostId,
  { state: held, reason, by, device }: HoldHost & Operator,
): Promise<HostHolds> => {
  const host = operatedHost(state, hostId, { device, said: ({ holds }) => holds });
  const hold = { state: held, reason, by, since: new Date(state.now()).toISOString() };
  await state.store.setHold(
    { hostId, deviceId: device, hold },
    operatedEvent('host.held', hostId, { ...hold, deviceId: device }),
  );
  host.holds.set(device, hold);
  if (held === 'quarantined')
    for (const { id } of host.devices) if (device === null || device === id) onKeptQuarantined(state, host, id);
  return changed(state, host);
};

/** Only what somebody said; quarantines by canaries are the caller's. */
export const releaseHost = async (
  state: HoldsSlice,
  hostId: HostId,
  { reason, by, device }: ReleaseHost & Operator,
): Promise<HostHolds> => {
  const host = operatedHost(state, hostId, { device, said: ({ holds }) => holds });
  const freed = device === null ? [...host.holds.keys()] : [device];
  for (const deviceId of freed) {
    if (!host.holds.has(deviceId)) continue;
    await state.store.setHold({ hostId, deviceId, hold: null }, operatedEvent('host.released', hostId, { reason, by, deviceId }));
    host.holds.delete(deviceId);
  }
  return changed(state, host);
};

/** Before these hosts are connected. */
export const recoverHolds = ({ hosts }: Pick<HoldsSlice, 'hosts'>, records: readonly HoldRecord[]): void => {
  for (const { hostId, deviceId, hold } of records) hosts.get(hostId)?.holds.set(deviceId, hold);
};

const changed = (state: HoldsSlice, host: HostState): HostHolds => {
  state.apply({ type: 'host-changed', host: factsOf(state, host) });
  noteDeviceStates(state, host);
  state.notify();
  return {
    host: host.session.hostId,
    hold: host.holds.get(null) ?? null,
    devices: [...host.holds].flatMap(([device, hold]) => (device === null ? [] : [{ device, hold }])),
  };
};
