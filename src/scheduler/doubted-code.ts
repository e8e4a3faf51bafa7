/** Code that is not to be used any more, since who compiled it computes wrongly. */
import type { SchedulerEvent } from './events.ts';
import { requeue, retract } from './moves.ts';
import type { CoreState, Entry } from './state.ts';

type CodeDoubted = Extract<SchedulerEvent, { type: 'code-doubted' }>;

export const onCodeDoubted = (core: CoreState, { ids, reason }: CodeDoubted): void => {
  for (const id of ids) {
    const entry = core.tasks.get(id);
    if (entry) doubt(core, entry, reason);
  }
};

/** What its screening showed was of that code too. What is being compiled is the shell's to begin again. */
const doubt = (core: CoreState, entry: Entry, reason: string): void => {
  const { place } = entry;
  if (entry.confirm) entry.confirm.screened = null;
  if (place.kind !== 'judge') {
    // An attempt that was given up may still answer.
    entry.usedUpTo = entry.attempts;
    if (place.kind === 'ready') requeue(core, entry, reason);
    return;
  }
  place.doubted = reason;
  if (place.device.running !== entry && !entry.cancelled && !place.retract) retract(core, [place], null);
};
