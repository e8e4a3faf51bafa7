/** Contents that were given out and have no verdict yet, so that those who only vary never write the same twice. */
import { createHash } from 'node:crypto';
import type { DraftContent } from '../../search/entry.ts';

/** The oldest are forgotten first: the archive knows them by then. */
const CONTENTS_MAX = 20_000;

export interface ReservedContents {
  /** False where it was reserved before. */
  reserve(draft: DraftContent): boolean;
}

export const createReservedContents = (): ReservedContents => {
  const taken = new Set<string>();
  return {
    reserve: ({ language, source, params }) => {
      const sorted = Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const key = createHash('sha256')
        .update(JSON.stringify([language, source, sorted]))
        .digest('base64');
      if (taken.has(key)) return false;
      const [oldest] = taken;
      if (taken.size >= CONTENTS_MAX && oldest !== undefined) taken.delete(oldest);
      taken.add(key);
      return true;
    },
  };
};
