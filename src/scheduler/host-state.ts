/** Hosts, their devices and pools, as their runners describe them. */
import type { DeviceId, HostId } from '../domain/ids.ts';
import { forgetUnbooked, learnFrom, mayTake, regroupBooked } from './bookings.ts';
import { setDepth } from './estimates.ts';
import type { HostDevice, HostFacts } from './events.ts';
import { lookAtProbes } from './fair-share.ts';
import { classOf, rematch } from './groups.ts';
import { requeue, retract, retractable, wait } from './moves.ts';
import { index } from './pump.ts';
import { moveTo } from './move-to.ts';
import {
  type ClassState,
  type CoreState,
  type Device,
  type Group,
  type Host,
  leaveClass,
  type Judging,
  Pool,
  touch,
} from './state.ts';
import { countIn, createTally } from './tally.ts';
import { createTrust } from './trust.ts';

export const hostOf = (core: CoreState, id: HostId): Host => {
  const known = core.hosts.get(id);
  if (known) return known;
  const made: Host = {
    id,
    up: false,
    draining: false,
    runnerId: null,
    labels: new Set(),
    languages: new Set(),
    compileSlots: 1,
    rttMs: 0,
    devices: new Map(),
    pools: new Map(),
    attempts: new Set(),
    refused: 0,
    deadline: null,
  };
  core.hosts.set(id, made);
  return made;
};

export const deviceOf = (host: Host, id: DeviceId): Device => {
  const known = host.devices.get(id);
  if (known) return known;
  const made: Device = {
    id,
    host,
    pool: null,
    offered: false,
    available: false,
    trust: createTrust(),
    attempts: createTally(),
    fault: false,
    entries: new Set(),
    running: null,
    samples: [],
    sampled: 0,
    low: 2,
    high: 2,
    filling: false,
  };
  host.devices.set(id, made);
  return made;
};

/** Takes over what the runner says of its host, then opens and closes pools accordingly. */
export const applyFacts = (core: CoreState, host: Host, facts: HostFacts): void => {
  host.runnerId = facts.runnerId;
  host.labels = new Set(facts.labels);
  host.languages = new Set(facts.languages);
  host.compileSlots = Math.max(1, facts.compileSlots);
  host.rttMs = facts.rttMs;
  for (const device of host.devices.values()) Object.assign(device, { offered: false, available: false });
  for (const fact of facts.devices) applyDevice(core, host, fact);
  for (const state of classesOf(host)) regroupBooked(core, state);
  refreshPools(core, host);
  forgetUnbooked(host);
  for (const device of host.devices.values()) {
    setDepth(device);
    retract(core, unfit(device), null);
  }
};

/** What waits at the device and is not to be begun there. */
const unfit = (device: Device): readonly Judging[] =>
  retractable(device).filter(({ entry }) => !device.available || (device.pool !== null && !mayTake(device.pool, entry)));

const classesOf = ({ pools }: Host): ReadonlySet<ClassState> => new Set([...pools.values()].map((pool) => pool.class));

const applyDevice = (core: CoreState, host: Host, fact: HostDevice): void => {
  const device = deviceOf(host, fact.deviceId);
  const pool = poolOf(core, host, fact);
  if (device.pool !== pool) {
    device.pool?.devices.delete(device);
    device.pool = pool;
    pool.devices.add(device);
    countIn(device.trust.tally, pool.seen.verdicts);
    countIn(device.attempts, pool.seen.attempts);
  }
  device.offered = fact.available;
  device.available = takesWork(device);
};

/** Of a device that its runner offers. */
export const takesWork = ({ offered, trust, host }: Device): boolean => offered && trust.quarantine === null && !host.draining;

const poolOf = (core: CoreState, host: Host, fact: HostDevice): Pool => {
  const { model, bookedFor = null } = fact;
  const key = `${model}\u0000${bookedFor ?? ''}`;
  const known = host.pools.get(key);
  if (known) return known;
  const made = new Pool({ order: core.nextPool, host, model, bookedFor, class: classOf(core, fact.class) });
  core.nextPool += 1;
  learnFrom(made, host.pools.values());
  host.pools.set(key, made);
  made.class.pools.add(made);
  return made;
};

/** After the host came, went or changed: which of its pools take work. A pool that closes gives back what is bound to it. */
export const refreshPools = (core: CoreState, host: Host): void => {
  for (const pool of host.pools.values()) {
    const wasOpen = pool.open;
    const before = wasOpen ? pool.available : 0;
    pool.available = 0;
    for (const device of pool.devices) if (device.available) pool.available += 1;
    pool.open = host.up && pool.available > 0;
    pool.class.openPools += Number(pool.open) - Number(wasOpen);
    const slots = pool.open ? pool.available : 0;
    pool.class.slots += slots - before;
    if (slots !== before) lookAtProbes(core, pool.class);
    const stranded = rematch(core, pool);
    index(pool);
    if (wasOpen && !pool.open) release(core, pool, host.up ? 'no device of the host takes work' : 'its host was lost');
    for (const group of stranded) relaxAll(core, group);
    touch(core, pool);
  }
};

/** What is queued at its devices is asked back; what is compiled for it, or waits there, goes to another host at once. */
export const setDraining = (core: CoreState, host: Host, draining: boolean): void => {
  if (host.draining === draining) return;
  host.draining = draining;
  for (const device of host.devices.values()) {
    device.available = takesWork(device);
    if (!device.available) retract(core, retractable(device), null);
  }
  refreshPools(core, host);
};

/** Nothing of it is held any more. It must be lost, and have no attempts. */
export const forgetHost = (core: CoreState, host: Host): void => {
  for (const pool of host.pools.values()) leaveClass(pool);
  for (const { trust, attempts } of host.devices.values()) {
    countIn(trust.tally, null);
    countIn(attempts, null);
  }
  core.hosts.delete(host.id);
  for (const state of classesOf(host)) regroupBooked(core, state);
};

const release = (core: CoreState, pool: Pool, reason: string): void => {
  releaseCompiling(core, pool, reason);
  releaseReady(core, pool, reason);
};

export const releaseCompiling = (core: CoreState, pool: Pool, reason: string): void => {
  for (const entry of pool.compiling) requeue(core, entry, reason);
};

export const releaseReady = (core: CoreState, pool: Pool, reason: string): void => {
  for (let entry = pool.ready.peek(); entry; entry = pool.ready.peek()) requeue(core, entry, reason);
};

const relaxAll = (core: CoreState, group: Group): void => {
  for (const entry of group.waiting.entries()) {
    moveTo(core, entry, { kind: 'backoff' });
    wait(core, entry);
  }
};
