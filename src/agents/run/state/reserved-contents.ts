/** Contents that were given out and have no verdict yet, so that those who only vary never write the same twice. */
import { createHash } from 'node:crypto';
import type { DraftContent } from '../../search/entry.ts';
import { BoundedMap } from '../../../platform/bounded-map.ts';

/** The oldest are forgotten first: the archive knows them by then. */
const CONTENTS_MAX = 20_000;

export interface ReservedContents {
  /** False where it was reserved before. */
  reserve(draft: DraftContent): boolean;
}

export const createReservedContents = (): ReservedContents => {
  const taken = new BoundedMap<string, true>(CONTENTS_MAX);
  return {
    reserve: ({ language, source, params }) => {
      const sorted = Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const key = createHash('sha256')
        .update(JSON.stringify([language, source, sorted]))
        .digest('base64');
      if (taken.has(key)) return false;
      taken.set(key, true);
      return true;
    },
  };
};
