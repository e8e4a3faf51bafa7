/** Inventories that come after the hello: because a daemon attached, the host was idle for a while, or somebody asked (`kiln fleet refresh`). */
import { randomUUID } from 'node:crypto';
import type { HostRefreshed, HostsRefreshed } from '../../domain/api/fleet.ts';
import type { HostId } from '../../domain/ids.ts';
import type { FromRunner, Inventory } from '../../domain/protocol.ts';
import { isCompileHost } from '../compiling/compile-hosts.ts';
import { onCompilersChanged } from '../compiling/compile-again.ts';
import { hostNamed, type HostState, reasonOf } from '../host-state.ts';
import type { CanariesSlice, CompilingSlice, HostsSlice } from '../state.ts';
import { prepareRankings } from './prepare-rankings.ts';
import { factsOf } from './host-facts.ts';
import { changedCompilers, changesOf } from './inventory-changes.ts';

/** Below what a client waits for an answer. A known source is compiled, with Triton from a cold disk in tens of seconds. */
export const REFRESH_MS_MAX = 45_000;

type Outcome = Omit<HostRefreshed, 'host'>;
/** Who compiles for whom may be other than before, and so may the device models. */
type Refreshing = HostsSlice & CompilingSlice & Pick<CanariesSlice, 'recordHolders' | 'fronts' | 'isRunning'>;

/** Of one host or of all. Never waits longer than REFRESH_MS_MAX: what comes later is taken in all the same. */
export const refreshHosts = async (state: Pick<Refreshing, 'hosts'>, hostId: HostId | null): Promise<HostsRefreshed> => {
  const wanted = hostId === null ? [...state.hosts.values()] : [hostNamed(state.hosts, hostId)];
  const hosts = await Promise.all(wanted.map(async (host) => ({ host: host.session.hostId, ...(await refresh(host)) })));
  return { hosts };
};

export const onInventory = async (
  state: Refreshing,
  host: HostState,
  { inventory, failure, refreshIds }: Extract<FromRunner, { type: 'inventory' }>,
): Promise<void> => {
  const { hostId } = host.session;
  if (failure !== null) state.log.warn({ hostId, reason: failure }, 'the inventory of a host could not be taken again');
  const outcome = inventory === null ? failed(failure) : await takeOver(state, host, inventory);
  for (const id of refreshIds) answer(host, id, outcome);
};

/** Whoever waits is told. */
export const onRefreshingHostGone = (host: HostState): void => {
  for (const id of host.refreshes.keys()) answer(host, id, unreachable(host));
};

const takeOver = async (state: Refreshing, host: HostState, inventory: Inventory): Promise<Outcome> => {
  const before = host.inventory && { ...host.inventory, devices: [...host.devices] };
  const changes = before ? changesOf(before, inventory) : [];
  const isNews = changes.length > 0;
  if (isNews && !(await prepareRankings(state, host, inventory.devices))) return unreachable(host);
  host.inventory = inventory;
  host.devices = inventory.devices;
  if (!isNews) return { status: 'unchanged', reason: null, changes: [] };
  const { hostId } = host.session;
  state.log.info({ hostId, changes }, 'what a host has changed');
  state.writeBehind.add({ type: 'event', event: { type: 'host.changed', candidateId: null, hostId, data: { changes } } });
  if (isCompileHost(host)) state.compileHosts.add(host);
  else state.compileHosts.delete(host);
  if (before && changedCompilers(before, inventory).length > 0) onCompilersChanged(state, host);
  state.apply({ type: 'host-changed', host: factsOf(state, host) });
  return { status: 'changed', reason: null, changes: [...changes] };
};

const refresh = async (host: HostState): Promise<Outcome> => {
  const id = randomUUID();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  host.refreshes.set(id, resolve);
  if (!host.session.refresh(id)) answer(host, id, unreachable(host));
  const late = setTimeout(() => resolve(PENDING), REFRESH_MS_MAX);
  const outcome = await promise;
  clearTimeout(late);
  host.refreshes.delete(id);
  return outcome;
};

const answer = (host: HostState, id: string, outcome: Outcome): void => {
  host.refreshes.get(id)?.(outcome);
  host.refreshes.delete(id);
};

const PENDING: Outcome = {
  status: 'pending',
  reason: `not done within ${REFRESH_MS_MAX / 1000} s; what it finds is taken in when it comes`,
  changes: [],
};

const failed = (reason: string | null): Outcome => ({ status: 'failed', reason, changes: [] });

const unreachable = (host: HostState): Outcome => ({
  status: 'unreachable',
  reason: reasonOf(host) ?? 'it is not connected; its inventory is taken again when it is',
  changes: [],
});
