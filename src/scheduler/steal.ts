/** Work for an idle device, from where it waits: the same host's other devices, or another host of the class. */
import { roomOf } from './estimates.ts';
import { requeue, retract, retractable, startCompile } from './moves.ts';
import { DISPATCH_MS, PLACE_SCAN_MAX, STEAL_MAX } from './options.ts';
import type { CoreState, Device, Entry, Pool } from './state.ts';

/** Cross-host moves pay a compilation and a journal line: the wait saved must be this much longer than the move takes. */
const GAIN_MIN_MS = 100;

/** A device idles and nothing is on its way to this pool. */
export const isStarved = (pool: Pool): boolean =>
  pool.open && pool.ready.size === 0 && pool.compiling.size === 0 && pool.incoming === 0 && idleDevices(pool) > 0;

export const steal = (core: CoreState, pool: Pool): void => {
  if (!isStarved(pool)) return;
  if (shareWithin(core, pool)) return;
  for (let at = 0; at < pool.class.backlog.size && at < PLACE_SCAN_MAX; at += 1) {
    const victim = pool.class.backlog.at(at);
    if (victim && victim !== pool && isWorthMoving(victim, pool) && takeFrom(core, victim, pool)) return;
  }
};

const idleDevices = (pool: Pool): number => {
  let idle = 0;
  for (const device of pool.devices) if (device.available && device.entries.size === 0) idle += 1;
  return idle;
};

/** Asks back the last entry of the device of this pool that holds the most; the idle one gets it when it comes. */
const shareWithin = (core: CoreState, pool: Pool): boolean => {
  const busiest = mostQueued(pool);
  if (!busiest) return false;
  const waitMs = (busiest.entries.size - 1) * pool.serviceMs;
  const last = retractable(busiest).at(-1);
  if (!last || waitMs < 2 * (pool.host.rttMs + DISPATCH_MS)) return false;
  retract(core, [last], pool);
  return true;
};

const mostQueued = (pool: Pool): Device | null => {
  let most: Device | null = null;
  for (const device of pool.devices) {
    if (device.entries.size > 1 && device.entries.size > (most?.entries.size ?? 0)) most = device;
  }
  return most;
};

const isWorthMoving = (victim: Pool, pool: Pool): boolean =>
  victim.backlogMs > pool.compileMs + pool.host.rttMs + victim.host.rttMs + GAIN_MIN_MS;

/** Ready entries first: they move at once. Then the tail of a device's queue, which must be asked back. */
const takeFrom = (core: CoreState, victim: Pool, pool: Pool): boolean => {
  const most = Math.min(Math.ceil(victim.ready.size / 2), roomOf(pool), STEAL_MAX);
  const moved = most > 0 ? tailOf(victim, pool).slice(0, most) : [];
  for (const entry of moved) {
    requeue(core, entry, `moved to host ${pool.host.id}, which is idle`);
    startCompile(core, entry, pool);
  }
  return moved.length > 0 || takeQueued(core, victim, pool);
};

/** Leaves of the ready heap, so never its first while there is another. */
const tailOf = (victim: Pool, pool: Pool): readonly Entry[] => {
  const found: Entry[] = [];
  const from = Math.max(0, victim.ready.size - STEAL_MAX);
  for (let at = victim.ready.size - 1; at >= from; at -= 1) {
    const entry = victim.ready.at(at);
    if (entry?.group.pools.has(pool)) found.push(entry);
  }
  return found;
};

const takeQueued = (core: CoreState, victim: Pool, pool: Pool): boolean => {
  const busiest = mostQueued(victim);
  const last = busiest && retractable(busiest).findLast(({ entry }) => entry.group.pools.has(pool));
  if (!last) return false;
  retract(core, [last], pool);
  return true;
};
