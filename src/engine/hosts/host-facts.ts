/** What the scheduler is told of a host. */
import { deviceClassOf } from '../../domain/device.ts';
import type { HostFacts } from '../../scheduler/events.ts';
import type { EngineState, HostState } from '../state.ts';

const ROUND_TRIP_DEFAULT_MS = 20;

export const factsOf = ({ pauseMs }: EngineState, { session, inventory, devices, resting, runnerId }: HostState): HostFacts => ({
  hostId: session.hostId,
  runnerId,
  labels: session.labels,
  languages: inventory?.languages ?? [],
  compileSlots: inventory?.compileSlots ?? 1,
  rttMs: (session.roundTripMs ?? ROUND_TRIP_DEFAULT_MS) + pauseMs(),
  devices: devices.map((device) => ({
    deviceId: device.id,
    class: deviceClassOf(device),
    model: device.model,
    available: device.unavailable === null && resting === null,
  })),
});
