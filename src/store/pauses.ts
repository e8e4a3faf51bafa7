/**
 * Whether anything can be paused: it is asked for again and again, and as a rule nothing is. Once a read found none, none is read until somebody pauses: a store has one
 * writer. A pause counts when it begins and when it ends, so that a read in between settles nothing.
 */
import type { PausedRow } from '../domain/ports/store-rows.ts';

export interface Pauses {
  readonly note: <T>(pausing: () => Promise<T>) => Promise<T>;
  readonly read: (rows: () => Promise<readonly PausedRow[]>) => Promise<readonly PausedRow[]>;
}

export const createPauses = (): Pauses => {
  let changes = 0;
  let noneSince = -1;
  return {
    note: async (pausing) => {
      changes += 1;
      try {
        return await pausing();
      } finally {
        changes += 1;
      }
    },
    read: async (rows) => {
      if (noneSince === changes) return [];
      const asked = changes;
      const found = await rows();
      if (found.length === 0) noneSince = asked;
      return found;
    },
  };
};
