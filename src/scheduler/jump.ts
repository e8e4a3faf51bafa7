import { retract, retractable } from './moves.ts';
import { JUMP_RATIO } from './options.ts';
import type { CoreState, Device, Entry, Judging, Pool } from './state.ts';

/**
 * A ready entry far more urgent than what devices have queued makes one device give its queue back; the entry then goes first. Looked at
 * once for each entry that comes to the head. Confirmations do not jump: they are at the head anyway and are no hurry.
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
  if (most.length > 0) retract(core, most, null);
};

const lessUrgent = (device: Device, head: Entry): readonly Judging[] => {
  const limit = head.task.priority * JUMP_RATIO;
  if (![...device.entries].some((entry) => entry.task.priority >= limit)) return [];
  return retractable(device).filter(({ entry }) => !entry.confirm && entry.task.priority >= limit);
};
