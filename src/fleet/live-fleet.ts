/**
 * The fleet while the daemon runs: the hosts of the fleet file, and those that were added by the API and have not expired. The file is read again when it
 * changed, on a signal, and when somebody asks; a file that is wrong changes nothing, and says why until it is right.
 */
import type { FleetPlan, HostOrigin } from '../domain/api/fleet-control.ts';
import { KilnError } from '../domain/errors.ts';
import type { Fleet, HostConfig } from '../domain/fleet.ts';
import { HostId } from '../domain/ids.ts';
import type { AddedHost, AddedHosts, FleetControl } from '../domain/ports/fleet-control.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { changesBetween, type Hosts, hostsOf } from './plan.ts';
import type { Reconciler } from './reconcile.ts';

export interface LiveFleetDeps {
  readonly file: string | null;
  /** Throws KilnError INVALID_CONFIG. */
  readonly load: () => Fleet;
  /** An entry of the fleet file; throws KilnError INVALID_CONFIG. */
  readonly parseHost: (host: Readonly<Record<string, unknown>>) => HostConfig;
  readonly fileHosts: readonly HostConfig[];
  readonly added: readonly AddedHost[];
  readonly store: AddedHosts;
  readonly reconciler: Reconciler;
  readonly note: (event: NewJournalEvent) => Promise<void>;
  readonly now: () => number;
  readonly log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
}

export interface LiveFleet extends FleetControl {
  /** Hosts whose time is over leave. */
  readonly expire: () => Promise<void>;
}

export const createLiveFleet = (deps: LiveFleetDeps): LiveFleet => {
  const { reconciler, store } = deps;
  let fileHosts: Hosts = hostsOf(deps.fileHosts);
  const added = new Map(deps.added.map((host) => [host.name, host]));
  let complaint: string | null = null;

  const read = (): Hosts => {
    const hosts = hostsOf(asFleetError(deps.load).hosts);
    const both = [...hosts.keys()].find((host) => added.has(host));
    if (both === undefined) return hosts;
    throw new KilnError(
      'INVALID_FLEET',
      `host "${both}" was added by the API too: remove that one (kiln fleet remove ${both}), or rename this`,
    );
  };
  const all = (hosts: Hosts): Hosts =>
    new Map([
      ...hosts,
      ...[...added.values()].map((host) => [host.name, asFleetError(() => deps.parseHost(host.host))] as const),
    ]);
  const planFor = (hosts: Hosts, applied: boolean): FleetPlan =>
    planBetween(reconciler.wanted(), all(hosts), { file: deps.file, applied });
  const apply = (): void => reconciler.want(all(fileHosts));

  const reload = async (): Promise<FleetPlan> => {
    try {
      const hosts = read();
      const plan = planFor(hosts, true);
      fileHosts = hosts;
      complaint = null;
      apply();
      deps.log.info({ changes: plan.changes, unchanged: plan.unchanged }, 'the fleet file was applied');
      if (plan.changes.length > 0) await deps.note(eventOf('fleet.reloaded', { changes: plan.changes }));
      return plan;
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      const isNews = complaint !== error.message;
      complaint = error.message;
      deps.log.error({ err: error }, 'the fleet file is wrong: nothing was changed');
      if (isNews) await deps.note(eventOf('fleet.refused', { reason: error.message }));
      throw error;
    }
  };

  return {
    plan: async () => Promise.resolve(planFor(read(), false)),
    reload,
    complaint: () => complaint,
    add: async ({ host, expiresInSeconds }) => {
      const config = asFleetError(() => deps.parseHost(host));
      requireSsh(config);
      if (reconciler.wanted().has(config.name))
        throw new KilnError(
          'INVALID_REQUEST',
          `host.name: the fleet has a host "${config.name}"; take another name, or remove that one`,
        );
      const expiresAt = expiresInSeconds === undefined ? null : new Date(deps.now() + 1000 * expiresInSeconds).toISOString();
      const row: AddedHost = { name: config.name, host, expiresAt };
      await store.keepHost(row);
      added.set(config.name, row);
      apply();
      return { host: config.name, expiresAt };
    },
    remove: async (host) => {
      if (!added.has(host)) throw notAdded(host, fileHosts);
      await store.dropHost(host);
      added.delete(host);
      apply();
      return { host, state: 'draining' };
    },
    originOf: (name) => originOf(HostId.parse(name), { fileHosts, added }),
    expire: async () => {
      const over = [...added.values()].filter(({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) <= deps.now());
      for (const { name } of over) {
        await store.dropHost(name);
        added.delete(name);
        deps.log.info({ host: name }, 'the time of a host is over: it drains and leaves');
      }
      if (over.length > 0) apply();
    },
  };
};

const planBetween = (now: Hosts, wanted: Hosts, about: Pick<FleetPlan, 'file' | 'applied'>): FleetPlan => {
  const changes = changesBetween(now, wanted);
  const touched = changes.filter(({ change }) => change !== 'remove').length;
  return { ...about, changes: [...changes], unchanged: wanted.size - touched };
};

const originOf = (
  host: HostId,
  { fileHosts, added }: { readonly fileHosts: Hosts; readonly added: ReadonlyMap<HostId, AddedHost> },
): HostOrigin | null => {
  const own = added.get(host);
  if (own) return { by: 'api', expiresAt: own.expiresAt };
  return fileHosts.has(host) ? { by: 'file', expiresAt: null } : null;
};

/** Whoever may call the API must not run programs on the daemon's machine by it. */
const requireSsh = ({ transport }: HostConfig): void => {
  if (transport.kind === 'ssh') return;
  throw new KilnError(
    'INVALID_REQUEST',
    `host.${transport.kind}: only hosts by ssh can be added here; write this one into the fleet file`,
  );
};

const notAdded = (host: HostId, fileHosts: Hosts): KilnError =>
  fileHosts.has(host)
    ? new KilnError('INVALID_REQUEST', `host "${host}" is in the fleet file: remove it there`)
    : new KilnError('NOT_FOUND', `there is no host "${host}"; kiln fleet shows those there are`);

/** What is wrong with a file is told to whoever asks for it. */
const asFleetError = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'INVALID_CONFIG') throw error;
    throw new KilnError('INVALID_FLEET', error.message, { cause: error });
  }
};

const eventOf = (type: 'fleet.reloaded' | 'fleet.refused', data: Record<string, unknown>): NewJournalEvent => ({
  type,
  candidateId: null,
  hostId: null,
  data,
});
