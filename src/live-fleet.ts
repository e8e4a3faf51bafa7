/** Wires the fleet that can change (src/fleet) to files, store, hosts and the clock. */
import type { Logger } from 'pino';
import { loadFleet, parseFleet, type FleetSource } from './config/fleet-config.ts';
import type { KilnConfig } from './config/kiln-config.ts';
import type { FleetView } from './domain/api/fleet.ts';
import { KilnError } from './domain/errors.ts';
import type { Fleet, HostConfig } from './domain/fleet.ts';
import type { HostId } from './domain/ids.ts';
import type { AddedHost, FleetControl } from './domain/ports/fleet-control.ts';
import type { HostControl } from './domain/ports/host-control.ts';
import type { HostSession } from './domain/ports/host-session.ts';
import { createLiveFleet } from './fleet/live-fleet.ts';
import { createReconciler } from './fleet/reconcile.ts';
import { createStateHooks, type StateHooks, type StateHooksDeps } from './fleet/state-hooks.ts';
import { watchFiles } from './fleet/watch-files.ts';
import { wallClockMs } from './platform/clock.ts';
import type { SqlStore } from './store/store.ts';

const EXPIRE_LOOK_MS = 1000;

interface Place {
  readonly config: Pick<KilnConfig, 'fleetFile'>;
  readonly env: FleetSource['env'];
  readonly log: Logger;
}

/** The fleet that the daemon begins with. */
export interface MeantFleet {
  readonly hosts: readonly HostConfig[];
  readonly fileHosts: readonly HostConfig[];
  /** Watched: with those that it includes, and secrets. */
  readonly files: readonly string[];
  readonly added: readonly AddedHost[];
}

/** Those that were added and have not expired, beside those of the file. What cannot be used is shown, and dropped: it keeps no daemon from starting. */
export const meantFleet = async (
  place: Place,
  { fleet, store }: { readonly fleet: Fleet; readonly store: SqlStore },
): Promise<MeantFleet> => {
  const names = new Set(fleet.hosts.map(({ name }) => name));
  const kept = [];
  for (const host of await store.addedHosts()) {
    const config = usable(place, host, names.has(host.name));
    if (config) kept.push({ host, config });
    else await store.dropHost(host.name);
  }
  return {
    hosts: [...fleet.hosts, ...kept.map(({ config }) => config)],
    fileHosts: fleet.hosts,
    files: fleet.files ?? [],
    added: kept.map(({ host }) => host),
  };
};

const usable = (place: Place, { name, host, expiresAt }: AddedHost, isInFile: boolean): HostConfig | null => {
  if (expiresAt !== null && Date.parse(expiresAt) <= wallClockMs()) return null;
  if (isInFile) place.log.warn({ host: name }, 'a host that was added is in the fleet file now: the file counts');
  try {
    return isInFile ? null : hostOf(place, host);
  } catch (error) {
    place.log.warn({ err: error, host: name }, 'a host that was added cannot be used any more: it is dropped');
    return null;
  }
};

const hostOf = ({ config, env }: Place, host: AddedHost['host']): HostConfig => {
  const [parsed] = parseFleet(JSON.stringify({ hosts: [host] }), { file: config.fleetFile ?? 'host', env }).hosts;
  if (!parsed) throw new KilnError('INVALID_CONFIG', 'host: is missing');
  return parsed;
};

/** Programs that are run when a device changes its state, as the fleet names them now. */
export interface OpenStateHooks extends StateHooks {
  /** From now on hosts are asked for there. */
  follow(live: Pick<OpenLiveFleet, 'configOf'>): void;
}

export const openStateHooks = (
  { env, log }: Pick<StateHooksDeps, 'env' | 'log'>,
  { hosts }: Pick<MeantFleet, 'hosts'>,
): OpenStateHooks => {
  let configOf: OpenLiveFleet['configOf'] = (name) => hosts.find((host) => host.name === name) ?? null;
  return {
    ...createStateHooks({ commandOf: (host) => configOf(host)?.onStateChange ?? null, env, log }),
    follow: (live) => {
      configOf = live.configOf;
    },
  };
};

export interface OpenLiveFleet {
  readonly control: FleetControl;
  readonly configOf: (host: HostId) => HostConfig | null;
  /** With where each host comes from, and what is wrong with the file. */
  readonly withFile: (view: FleetView) => FleetView;
  readonly close: () => void;
}

export const openLiveFleet = (
  place: Place,
  parts: {
    readonly meant: MeantFleet;
    readonly store: SqlStore;
    readonly control: HostControl;
    readonly createSession: (config: HostConfig) => HostSession;
  },
): OpenLiveFleet => {
  const { config, env, log } = place;
  const { meant, store, control, createSession } = parts;
  const file = config.fleetFile;
  let files = meant.files;
  const reconciler = createReconciler({ control, createSession, initial: meant.hosts, log });
  const live = createLiveFleet({
    file,
    load: () => {
      const read = new Set<string>();
      try {
        return loadFleet({ file, env, onRead: (name) => read.add(name) });
      } finally {
        // Also where it is wrong: what is wrong may be put right in any of them.
        files = [...read];
      }
    },
    parseHost: (host) => hostOf(place, host),
    fileHosts: meant.fileHosts,
    added: meant.added,
    store,
    reconciler,
    note: async (event) => store.appendEvents([event]),
    now: wallClockMs,
    log,
  });
  const reload = (): void => void live.reload().catch(() => undefined);
  const unwatch = file === null ? () => undefined : watchFiles(() => files, reload);
  const timer = setInterval(() => {
    live
      .expire()
      .catch((error: unknown) => log.error({ err: error }, 'hosts whose time is over could not be dropped; it is tried again'));
  }, EXPIRE_LOOK_MS);
  timer.unref();
  return {
    control: live,
    configOf: (host) => reconciler.wanted().get(host) ?? null,
    withFile: (view) => ({
      ...view,
      complaint: live.complaint(),
      hosts: view.hosts.map((host) => ({ ...host, origin: live.originOf(host.name) })),
    }),
    close: () => {
      unwatch();
      clearInterval(timer);
    },
  };
};
