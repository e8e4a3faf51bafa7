/** What work on hosts needs of the engine: a way to each host, devices to borrow, and the journal. */
import type { Duplex } from 'node:stream';
import type { DeviceWish } from '../domain/hosts/work.ts';
import type { DeviceId, HostId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';

export interface Lent {
  readonly devices: readonly DeviceId[];
  /** Idempotent. */
  readonly giveBack: () => void;
}

export interface Hosts {
  /** A stream to the process that answers work on the host. Throws NOT_FOUND, HOST_NOT_CONNECTED. */
  open(host: HostId, signal: AbortSignal): Promise<Duplex>;
  /** Throws what `lend` would throw at once: NOT_FOUND, HOST_NOT_CONNECTED, INVALID_REQUEST, DEVICE_NOT_LENT. */
  checkWish(host: HostId, wish: DeviceWish): void;
  /** Resolves when nothing is judged on them any more. Throws INVALID_REQUEST, DEVICE_NOT_LENT. */
  lend(host: HostId, wish: DeviceWish, options: { readonly reason: string; readonly signal: AbortSignal }): Promise<Lent>;
  note(event: NewJournalEvent): void;
}
