/** GET /v1/fleet: every host with its state and reason, every device with what it does and where its time went. */
import type { DeviceView, FleetView, HostView } from '../../domain/api/fleet.ts';
import { type Device, deviceClassOf } from '../../domain/device.ts';
import { hostSnapshot } from '../../scheduler/scheduler.ts';
import { quarantineText } from '../canaries/quarantine.ts';
import { compilesFor } from '../compiling/compile-hosts.ts';
import { createDeviceUse } from '../telemetry/device-use.ts';
import { bookingOf, holdOf, type HostState, reasonOf, whyNoWork } from '../host-state.ts';
import type { AnswersSlice } from '../state.ts';

type Viewed = Pick<AnswersSlice, 'hosts' | 'metrics' | 'core'>;

/** Where the hosts come from, and what is wrong with the fleet file, is told by who knows (src/fleet). */
export const fleetView = (state: Viewed): FleetView => ({
  complaint: null,
  hosts: [...state.hosts.values()].map((host) => hostView(state, host)),
  stages: state.metrics.stageTimesMs(),
});

const hostView = (state: Viewed, host: HostState): HostView => ({
  name: host.session.hostId,
  transport: host.session.transport,
  address: host.session.address,
  labels: [...host.labels],
  state: host.connection.state,
  reason: reasonOf(host),
  nextRetryAt: nextRetryAt(host),
  origin: null,
  roundTripMs: host.session.roundTripMs,
  inventory: host.inventory && withoutDevices(host.inventory),
  devices: host.devices.map((device) => deviceView(state, host, device)),
  nvml: host.readings.last?.nvml ?? null,
  compilesFor: compilesFor(state, host).map(({ session }) => session.hostId),
  compilerQuarantine: host.compiler.quarantine,
  hold: host.holds.get(null) ?? null,
  booking: host.bookings.get(null) ?? null,
  compile: { ...host.compile, ...host.compileCounts.view() },
  failures: host.failures.view(),
});

const readingOf = ({ readings }: HostState, { id }: Device): DeviceView['reading'] => {
  const found = readings.last?.devices.find(({ deviceId }) => deviceId === id);
  if (!found) return null;
  const { deviceId: _device, ...reading } = found;
  return reading;
};

const nextRetryAt = ({ connection }: HostState): string | null =>
  'nextRetryAtMs' in connection && connection.nextRetryAtMs !== null ? new Date(connection.nextRetryAtMs).toISOString() : null;

const withoutDevices = ({ devices: _devices, ...inventory }: NonNullable<HostState['inventory']>) => inventory;

const deviceView = (state: Viewed, host: HostState, device: Device): DeviceView => {
  const held = hostSnapshot(state.core, host.session.hostId)?.devices.find(({ deviceId }) => deviceId === device.id);
  const { use, idleGapMs, judged, telemetry } = (host.use.get(device.id) ?? createDeviceUse()).view();
  const quarantine = host.canaries.quarantines.get(device.id) ?? null;
  return {
    ...device,
    unavailable: whyNoWork(host, device) ?? (quarantine && quarantineText(quarantine)),
    condition: host.states.get(device.id) ?? null,
    quarantine,
    hold: holdOf(host, device.id),
    booking: bookingOf(host, device.id),
    class: deviceClassOf(device),
    queued: held?.queued ?? 0,
    running: held?.running ?? null,
    judged,
    use,
    idleGapMs,
    telemetry,
    reading: readingOf(host, device),
  };
};
