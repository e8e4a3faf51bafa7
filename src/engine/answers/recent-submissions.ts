/** Submissions of the last moments, so that leasing them need not read the store. Bounded; what falls out is read instead. */
import type { CandidateId } from '../../domain/ids.ts';
import type { Unfinished } from '../../domain/ports/store-rows.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';

const RECENT_MAX = 10_000;

export interface RecentSubmissions {
  put(item: Unfinished): void;
  /** They are to be timed to the end. */
  askInFull(ids: readonly CandidateId[]): void;
  /** Those that are here, and forgets them. */
  take(ids: readonly CandidateId[]): readonly Unfinished[];
}

export const createRecentSubmissions = (): RecentSubmissions => {
  const items = new BoundedMap<CandidateId, Unfinished>(RECENT_MAX);
  return {
    put: (item) => items.set(item.id, item),
    askInFull: (ids) => {
      for (const id of ids) {
        const item = items.get(id);
        if (item) items.set(id, { ...item, submission: { ...item.submission, effort: 'full' } });
      }
    },
    take: (ids) =>
      ids.flatMap((id) => {
        const item = items.get(id);
        items.delete(id);
        return item ? [item] : [];
      }),
  };
};
