import { retract, retractable } from './moves.ts';
import { DISPATCH_MS, JUMP_GAIN_MS, JUMP_RATIO } from './options.ts';
import type { CoreState, Device, Entry, Judging, Pool } from './state.ts';

/**
 * A ready entry far more urgent than what devices have queued makes one device give its queue back; the entry then goes first. Only where it
 * saves a real wait: what covers the time until the entry arrives stays there, or every urgent entry would cost a device a gap. Looked at once
 * for each entry that comes to the head. Confirmations do not jump: they are at the head anyway and are no hurry.
 */
export const jump = (core: CoreState, pool: Pool): void => {
  const head = pool.ready.peek();
  if (head?.place.kind !== 'ready' || head.place.jumped || head.confirm) return;
  head.place.jumped = true;
  let most: readonly Judging[] = [];
  for (const device of pool.devices) {
    const overtaken = lessUrgent(device, head);
    if (device.available && overtaken.length > most.length) most = overtaken;
  }
  if (most.length * pool.serviceMs >= JUMP_GAIN_MS) retract(core, most, null);
};

/** Asked back, answered, and handed over: one and a half round trips. */
const coverOf = (pool: Pool): number => Math.floor((1.5 * pool.host.rttMs + DISPATCH_MS) / pool.serviceMs);

const lessUrgent = (device: Device, head: Entry): readonly Judging[] => {
  const limit = head.task.priority * JUMP_RATIO;
  if (!device.pool || device.entries.size <= 1) return [];
  return retractable(device)
    .slice(coverOf(device.pool))
    .filter(({ entry }) => !entry.confirm && entry.task.priority >= limit);
};
