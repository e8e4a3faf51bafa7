/** What holds and bookings have in common: somebody says something of a host, or of one device of it, and it is in the journal with who said so. */
import { KilnError } from '../../domain/errors.ts';
import type { DeviceId, HostId } from '../../domain/ids.ts';
import type { JournalEvent, NewJournalEvent } from '../../domain/journal.ts';
import { hostNamed, type HostState } from '../host-state.ts';
import type { HoldsSlice } from '../state.ts';

/** Who says so, for the journal. */
export interface Operator {
  readonly by: string;
}

export const operatedEvent = (
  type: Extract<JournalEvent['type'], 'host.held' | 'host.released' | 'host.booked' | 'host.unbooked'>,
  hostId: HostId,
  data: Record<string, unknown>,
): NewJournalEvent => ({ type, candidateId: null, hostId, data });

/** `said`: what was said of its devices; one that is gone since may still be named. Throws NOT_FOUND, with the devices there are. */
export const operatedHost = (
  { hosts }: Pick<HoldsSlice, 'hosts'>,
  hostId: HostId,
  {
    device,
    said,
  }: { readonly device: DeviceId | null; readonly said: (host: HostState) => ReadonlyMap<DeviceId | null, unknown> },
): HostState => {
  const host = hostNamed(hosts, hostId);
  if (device === null || host.devices.some(({ id }) => id === device) || said(host).has(device)) return host;
  const known = host.devices.map(({ id }) => id).join(', ') || 'none yet';
  throw new KilnError('NOT_FOUND', `host "${hostId}" has no device "${device}"; its devices are ${known}`);
};
