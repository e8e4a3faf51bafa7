/**
 * What the engine knows of one host. What belongs to a connection lives in it and ends with it; what the last inventory said stays, since views and
 * submissions speak of hosts that are away too.
 */
import { driverLabel, hostLabel, modelLabel } from '../domain/hosts/host-label.ts';
import { canRecord, environmentLabel, judgingLabel, languagesOf } from '../domain/hosts/environment-label.ts';
import type { Booking } from '../domain/hosts/booking.ts';
import { holdText } from '../domain/hosts/hold.ts';
import type { DeviceState } from '../domain/hosts/device-state.ts';
import type { Hold } from '../domain/hosts/hold.ts';
import type { HostRefreshed } from '../domain/api/fleet.ts';
import { deviceClassOf, type Device } from '../domain/device.ts';
import { KilnError } from '../domain/errors.ts';
import type { AttemptId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import type { CompileResult, Inventory, JudgeResult } from '../domain/protocol.ts';
import type { CanaryRun, HostCanaries } from './canaries/host-canaries.ts';
import type { CompileCounts } from './compiling/compile-counts.ts';
import type { HostCompiler } from './compiling/host-compiler.ts';
import type { HostUnit, KnownArtifacts } from './compiling/known-artifacts.ts';
import type { TransferQueue } from './compiling/transfer-queue.ts';
import type { HostReadings } from './hosts/readings.ts';
import { createDeviceUse, type DeviceUse } from './telemetry/device-use.ts';
import type { RecentFailures } from './telemetry/recent-failures.ts';

export interface HostState {
  readonly session: HostSession;
  /** As the fleet has them now. */
  labels: readonly string[];
  /** Why it is given nothing more: it is on its way out of the fleet. Null while it is in it. */
  leaving: string | null;
  connection: Connection;
  /** Of the last connection; empty before the first. */
  runnerId: string;
  inventory: Inventory | null;
  devices: readonly Device[];
  /** What the runner with this id has compiled. */
  readonly known: KnownArtifacts;
  readonly use: Map<string, DeviceUse>;
  /** As last told. */
  compile: { readonly queued: number; readonly running: number };
  readonly compileCounts: CompileCounts;
  readonly failures: RecentFailures;
  /** Artifacts asked of this host, and put into it. */
  readonly fetches: TransferQueue;
  readonly puts: TransferQueue;
  readonly canaries: HostCanaries;
  /** Devices that somebody holds, or asked for: they take no work. */
  readonly lent: Map<DeviceId, Loan>;
  /** What somebody said: by device, or null for the whole host (hosts/holds.ts). */
  readonly holds: Map<DeviceId | null, Hold>;
  /** By device, or null for the whole host (hosts/bookings.ts). */
  readonly bookings: Map<DeviceId | null, Booking>;
  /** Of its devices, as last told (hosts/device-states.ts). */
  readonly states: Map<DeviceId, DeviceState>;
  readonly readings: HostReadings;
  readonly compiler: HostCompiler;
  /** Who waits for the inventory to be taken again, by the id of the request. */
  readonly refreshes: Map<string, (outcome: Omit<HostRefreshed, 'host'>) => void>;
}

export interface Loan {
  readonly lendId: string;
  readonly deviceId: DeviceId;
  /** "lent to …": for those who look why it takes no work. */
  readonly reason: string;
  /** Nothing is judged there any more. */
  readonly begun: PromiseWithResolvers<void>;
}

export type Connection = { readonly state: 'connecting' } | Connected | Disconnected;

export interface Disconnected {
  readonly state: 'unreachable' | 'refused';
  readonly reason: string;
  readonly nextRetryAtMs: number | null;
}

export interface Connected {
  readonly state: 'connected';
  /** Why its runner takes no work now (its disk is full, or it starts anew), or null. */
  unavailable: string | null;
  /** Problem definitions this runner holds. */
  readonly defined: Set<ContentHash>;
  /** Compilations of candidates that it was asked for and has not answered. */
  readonly asked: Map<string, HostUnit>;
  /** Who waits for other compilations (record holders for a pair, canaries, candidates for a profile), by compile id. */
  readonly compileAnswers: Map<string, (result: CompileResult) => void>;
  /** As a compile host that failed itself: until when it is not asked, by language and architecture. */
  readonly coolDowns: Map<string, number>;
  /** Attempts held back until their record holder is compiled. */
  readonly preparing: Set<AttemptId>;
  /** Aborted when the connection is lost, or another one takes its place. */
  readonly ended: AbortController;
  /** Under way, one for each device. */
  readonly canaryRuns: Map<DeviceId, CanaryRun>;
  /** Who waits for other judgements (canaries of compile hosts). */
  readonly judgeAnswers: Map<string, (result: JudgeResult) => void>;
}

export const newConnection = (defined: readonly ContentHash[], unavailable: string | null = null): Connected => ({
  state: 'connected',
  unavailable,
  defined: new Set(defined),
  asked: new Map(),
  compileAnswers: new Map(),
  coolDowns: new Map(),
  preparing: new Set(),
  canaryRuns: new Map(),
  judgeAnswers: new Map(),
  ended: new AbortController(),
});

/** Those of the fleet file, and those by which a candidate asks for this very host, or for what it has. */
export const labelsOf = (host: Pick<HostState, 'session' | 'labels' | 'devices' | 'inventory'>): readonly string[] => {
  const { session, labels, devices, inventory } = host;
  return [
    ...labels,
    hostLabel(session.hostId),
    ...new Set(devices.map(({ model }) => modelLabel(model))),
    ...(inventory?.driver ? [driverLabel(inventory.driver)] : []),
    ...environmentLabels(host),
  ];
};

/** Of the environments that it can record programs in. */
export const environmentLabels = ({ inventory }: Pick<HostState, 'inventory'>): readonly string[] =>
  (inventory?.environments ?? []).filter(canRecord).flatMap(({ name, key }) => [environmentLabel(name, key), judgingLabel(name)]);

/** By their names, in whatever versions. */
export const recordsAll = (host: Pick<HostState, 'inventory'>, environments: readonly string[]): boolean => {
  const labels = environmentLabels(host);
  return environments.every((name) => labels.includes(judgingLabel(name)));
};

/** That its devices judge. */
export const languagesOfHost = ({ inventory }: Pick<HostState, 'inventory'>): readonly Language[] =>
  inventory ? languagesOf(inventory) : [];

/** What somebody said of the device, or of its whole host. */
export const holdOf = ({ holds }: Pick<HostState, 'holds'>, deviceId: DeviceId): Hold | null =>
  holds.get(null) ?? holds.get(deviceId) ?? null;

/** Whose candidates alone the device takes. */
export const bookingOf = ({ bookings }: Pick<HostState, 'bookings'>, deviceId: DeviceId): Booking | null =>
  bookings.get(deviceId) ?? bookings.get(null) ?? null;

/** Why the device takes no work, whatever its canaries came to; null where it does. */
export const whyNoWork = (host: Pick<HostState, 'holds' | 'lent'>, { id, unavailable }: Device): string | null => {
  const hold = holdOf(host, id);
  return unavailable ?? host.lent.get(id)?.reason ?? (hold && holdText(hold));
};

/** It is offered work: its host is connected, stays in the fleet and takes work, and nothing keeps the device from it but, perhaps, its canaries. */
export const isAvailable = (host: Pick<HostState, 'connection' | 'leaving' | 'holds' | 'lent'>, device: Device): boolean =>
  host.leaving === null && connectedTo(host)?.unavailable === null && whyNoWork(host, device) === null;

/** Its verdicts count. */
export const isTrusted = (host: HostState, device: Device): boolean =>
  isAvailable(host, device) && !host.canaries.quarantines.has(device.id);

/** Of a device that was not heard of yet, it begins. */
export const useOf = ({ use }: Pick<HostState, 'use'>, deviceId: string): DeviceUse => {
  const own = use.get(deviceId) ?? createDeviceUse();
  use.set(deviceId, own);
  return own;
};

/** Null while it is away. */
export const connectedTo = ({ connection }: Pick<HostState, 'connection'>): Connected | null =>
  connection.state === 'connected' ? connection : null;

/** Why it is away, or takes no work. */
export const reasonOf = ({ connection, leaving, holds }: Pick<HostState, 'connection' | 'leaving' | 'holds'>): string | null => {
  const hold = holds.get(null);
  switch (connection.state) {
    case 'connecting':
      return null;
    case 'connected':
      return leaving ?? (hold ? holdText(hold) : connection.unavailable);
    case 'unreachable':
    case 'refused':
      return connection.reason;
  }
};

/** Device classes that the fleet has shown so far, in order. */
export const fleetClassesOf = (hosts: ReadonlyMap<HostId, HostState>): readonly string[] =>
  [...new Set([...hosts.values()].flatMap(({ devices }) => devices.map((device) => deviceClassOf(device))))].toSorted();

/** Hosts that may have any device class: they have told none yet, and nothing went wrong so far. */
export const connectingHosts = (hosts: ReadonlyMap<HostId, HostState>): readonly string[] =>
  [...hosts.values()]
    .filter(({ connection, inventory }) => connection.state === 'connecting' && inventory === null)
    .map(({ session }) => session.hostId);

/** Throws NOT_FOUND, with those there are. */
export const hostNamed = (hosts: ReadonlyMap<HostId, HostState>, hostId: HostId): HostState => {
  const host = hosts.get(hostId);
  if (host) return host;
  throw new KilnError('NOT_FOUND', `there is no host "${hostId}"; known are ${[...hosts.keys()].join(', ')}`);
};
