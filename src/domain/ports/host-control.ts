/** Hosts of a daemon that runs. Implemented by the engine. */
import type { HostId } from '../ids.ts';
import type { HostSession } from './host-session.ts';

export interface HostControl {
  /** Started at once. Its name is free. */
  add(session: HostSession): Promise<void>;
  /** Given nothing more from now on; resolves when what it had is done and its session has ended. Nothing happens to one that is not there. */
  remove(hostId: HostId, how: { readonly reason: string; readonly shutdownRunner: boolean }): Promise<void>;
  /** Nothing moves that the new labels still allow. */
  relabel(hostId: HostId, labels: readonly string[]): void;
}
