/** What NVML tells of a host's devices: faults take them out, brakes and suspicions make them suspect. */
import type { Device } from '../../domain/device.ts';
import { findingsOf, type Findings } from '../../domain/hosts/faults.ts';
import type { DeviceReading, HostReading } from '../../domain/hosts/reading.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { HostState } from '../host-state.ts';
import type { HostsSlice } from '../state.ts';

export interface HostReadings {
  last: HostReading | null;
  /** What errors are counted from. */
  readonly first: Map<DeviceId, DeviceReading>;
  /** Suspicions that a canary has been asked for. */
  readonly looked: Map<DeviceId, string>;
}

export const createHostReadings = (): HostReadings => ({ last: null, first: new Map(), looked: new Map() });

export const onReading = (state: HostsSlice, host: HostState, reading: HostReading): void => {
  host.readings.last = reading;
  for (const device of host.devices) {
    if (device.kind !== 'gpu') continue;
    const own = reading.devices.find(({ deviceId }) => deviceId === device.id) ?? null;
    if (own && !host.readings.first.has(device.id)) host.readings.first.set(device.id, own);
    noteFindings(state, host, device, findingsOf(reading, seenBy(host, own), host.readings.first.get(device.id) ?? null));
  }
};

/** Whoever holds the device may compute on it. */
const seenBy = (host: HostState, reading: DeviceReading | null): DeviceReading | null =>
  reading && host.lent.has(reading.deviceId) ? { ...reading, foreign: null } : reading;

const noteFindings = (state: HostsSlice, host: HostState, { id }: Device, { fault, suspicion, brake }: Findings): void => {
  const { canaries, session } = host;
  noteBrake(state, host, id, brake);
  if (fault === null) canaries.accepted.delete(id);
  const isPresent = fault !== null && canaries.accepted.get(id) !== fault.reason;
  if (fault && isPresent) canaries.faults.set(id, fault);
  else canaries.faults.delete(id);
  state.apply({ type: 'device-fault', hostId: session.hostId, deviceId: id, present: isPresent });
  if (suspicion !== null && host.readings.looked.get(id) !== suspicion) {
    host.readings.looked.set(id, suspicion);
    canaries.suspicions.set(id, { reason: suspicion, since: new Date(state.now()).toISOString() });
    state.apply({ type: 'canary-wanted', hostId: session.hostId, deviceId: id });
  }
};

const noteBrake = (state: HostsSlice, { canaries }: HostState, id: DeviceId, brake: string | null): void => {
  if (brake === null) canaries.brakes.delete(id);
  else if (canaries.brakes.get(id)?.reason !== brake)
    canaries.brakes.set(id, { reason: brake, since: new Date(state.now()).toISOString() });
};
