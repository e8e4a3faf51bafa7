/**
 * Devices that are booked for a submitter: only its candidates may be given to them. They are pools of their own, and while a class has some, what that
 * submitter has there is in groups of its own. What runs on a device when it is booked goes on.
 */
import { regroup } from './groups.ts';
import { wait } from './moves.ts';
import { moveTo } from './move-to.ts';
import { type ClassState, type CoreState, type Entry, type Host, leaveClass, type Pool } from './state.ts';

export const mayTake = ({ bookedFor }: Pool, { task }: Entry): boolean => bookedFor === null || bookedFor === task.submitter;

/** After devices of the class were booked, or are booked no more: the candidates of those whom it concerns find the pools that may take them now. */
export const regroupBooked = (core: CoreState, state: ClassState): void => {
  const booked = new Set(
    [...state.pools].flatMap(({ bookedFor, devices }) => (bookedFor !== null && devices.size > 0 ? [bookedFor] : [])),
  );
  const changed = new Set([...booked, ...state.booked].filter((name) => !booked.has(name) || !state.booked.has(name)));
  if (changed.size === 0) return;
  state.booked = booked;
  for (const entry of core.tasks.values()) {
    if (entry.share.class !== state || !changed.has(entry.task.submitter)) continue;
    if (entry.place.kind === 'pending') waitAnew(core, entry);
    else regroup(core, entry);
  }
};

const waitAnew = (core: CoreState, entry: Entry): void => {
  moveTo(core, entry, { kind: 'backoff' });
  wait(core, entry);
};

/** The same devices, the same compiler: what was measured of them holds. */
export const learnFrom = (pool: Pool, others: Iterable<Pool>): void => {
  for (const other of others) {
    if (other.model !== pool.model) continue;
    const { judged, serviceMs, compiled, compileMs } = other;
    Object.assign(pool, { judged, serviceMs, compiled, compileMs });
  }
};

/** Pools of bookings that are over. They are closed, and hold nothing. */
export const forgetUnbooked = ({ pools }: Host): void => {
  for (const [key, pool] of pools) {
    if (pool.bookedFor === null || pool.devices.size > 0) continue;
    pools.delete(key);
    leaveClass(pool);
  }
};

/** Devices of the class that take work and are booked for the submitter. */
export const slotsBookedFor = (state: ClassState, submitter: string): number => {
  if (!state.booked.has(submitter)) return 0;
  let slots = 0;
  for (const pool of state.pools) if (pool.bookedFor === submitter && pool.open) slots += pool.available;
  return slots;
};
