/** The fleet as it is meant to be, and changes to it. Implemented by src/fleet; every method throws KilnError for what the caller did wrong. */
import type { AddHost, FleetPlan, HostAdded, HostOrigin, HostRemoved } from '../api/fleet-control.ts';
import type { HostId } from '../ids.ts';

export interface FleetControl {
  /** Throws INVALID_FLEET. */
  plan(): Promise<FleetPlan>;
  /** Throws INVALID_FLEET, with nothing changed. Resolves when what drains has begun to. */
  reload(): Promise<FleetPlan>;
  add(request: AddHost): Promise<HostAdded>;
  remove(host: HostId): Promise<HostRemoved>;
  /** Null for a host that is on its way out. */
  originOf(host: string): HostOrigin | null;
  /** What is wrong with the fleet file as it is now; null where nothing is. */
  complaint(): string | null;
}

/** A host that was added while the daemon ran. */
export interface AddedHost {
  readonly name: HostId;
  /** As an entry of the fleet file. */
  readonly host: Readonly<Record<string, unknown>>;
  readonly expiresAt: string | null;
}

/** Keeps them over restarts. Implemented by src/store. */
export interface AddedHosts {
  addedHosts(): Promise<readonly AddedHost[]>;
  keepHost(host: AddedHost): Promise<void>;
  dropHost(name: HostId): Promise<void>;
}
