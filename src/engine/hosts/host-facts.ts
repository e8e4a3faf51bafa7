/** What the scheduler is told of a host. */
import { deviceClassOf } from '../../domain/device.ts';
import type { HostFacts } from '../../scheduler/events.ts';
import { bookingOf, isAvailable, labelsOf, languagesOfHost } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { HostsSlice } from '../state.ts';

const ROUND_TRIP_DEFAULT_MS = 20;

export const factsOf = ({ eventLoopDelayMs }: Pick<HostsSlice, 'eventLoopDelayMs'>, host: HostState): HostFacts => {
  const { session, inventory, devices, runnerId } = host;
  return {
    hostId: session.hostId,
    runnerId,
    labels: labelsOf(host),
    languages: languagesOfHost(host),
    compileSlots: inventory?.compileSlots ?? 1,
    rttMs: (session.roundTripMs ?? ROUND_TRIP_DEFAULT_MS) + eventLoopDelayMs(),
    devices: devices.map((device) => ({
      deviceId: device.id,
      class: deviceClassOf(device),
      model: device.model,
      available: isAvailable(host, device),
      bookedFor: bookingOf(host, device.id)?.submitter ?? null,
    })),
  };
};
