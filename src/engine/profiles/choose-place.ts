/** Which device a profile runs on: rather where the candidate was judged, or on the same model, or on any of its class. Pure. */
import { deviceClassOf } from '../../domain/device.ts';
import { bookingOf, isAvailable } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { PendingProfile, PendingProfiles, Place, ProfileStage } from './pending.ts';

export interface FreeDevice extends Place {
  readonly deviceClass: string;
  /** The submitter whose candidates alone are profiled there, or null. */
  readonly bookedFor: string | null;
}

/** Devices that take work and have no profile. */
export const freeDevices = (hosts: Iterable<HostState>, pending: PendingProfiles): FreeDevice[] => {
  const busy = new Set([...pending.values()].flatMap(({ stage }) => (stage.name === 'running' ? [stage.place.deviceId] : [])));
  return [...hosts].flatMap((host) =>
    host.devices
      .filter((device) => device.kind === 'gpu' && isAvailable(host, device) && !busy.has(device.id))
      .map((device) => ({
        hostId: host.session.hostId,
        deviceId: device.id,
        model: device.model,
        deviceClass: deviceClassOf(device),
        bookedFor: bookingOf(host, device.id)?.submitter ?? null,
      })),
  );
};

export const choosePlace = (
  { failedAt }: Pick<PendingProfile, 'failedAt'>,
  { judgedAt, deviceClass, submitter }: Extract<ProfileStage, { name: 'place' }>,
  free: readonly FreeDevice[],
): FreeDevice | null => {
  const worth = (place: FreeDevice): number =>
    (place.hostId === failedAt ? -8 : 0) +
    (place.model === judgedAt.model ? 4 : 0) +
    (place.hostId === judgedAt.hostId ? 2 : 0) +
    (place.deviceId === judgedAt.deviceId ? 1 : 0);
  const isOpen = ({ bookedFor }: FreeDevice): boolean => bookedFor === null || bookedFor === submitter;
  const possible = free.filter((place) => place.deviceClass === deviceClass && isOpen(place));
  return possible.toSorted((one, two) => worth(two) - worth(one))[0] ?? null;
};
