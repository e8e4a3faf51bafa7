/** Who came from whom. Failures too: a repair descends from one. */
import type { CandidateId } from '../../domain/ids.ts';
import type { ArchiveEntry } from './entry.ts';

/** Candidates whose parent is kept; above it those that no elite descends from go, then the oldest. */
export const LINEAGE_MAX = 20_000;
/** A cleaning leaves no more than this share, so that the next one is far. */
const KEPT_SHARE = 0.75;

export interface Lineage {
  /** `needed`: whose ancestors must stay. Asked only when there is too much. */
  add(entry: ArchiveEntry, needed: () => readonly CandidateId[]): void;
  of(id: CandidateId): readonly CandidateId[];
}

export const createLineage = (): Lineage => {
  /** In the order added; null: a starting point. */
  const parentOf = new Map<CandidateId, CandidateId | null>();

  const of = (id: CandidateId): readonly CandidateId[] => {
    const chain: CandidateId[] = [];
    const seen = new Set<CandidateId>();
    for (let at: CandidateId | null = id; at !== null && !seen.has(at); at = parentOf.get(at) ?? null) {
      seen.add(at);
      chain.push(at);
    }
    return chain.toReversed();
  };

  const add = (entry: ArchiveEntry, needed: () => readonly CandidateId[]): void => {
    if (parentOf.has(entry.candidateId)) return;
    parentOf.set(entry.candidateId, entry.parents[0] ?? null);
    if (parentOf.size > LINEAGE_MAX) clean(new Set([entry.candidateId, ...needed()].flatMap((id) => of(id))));
  };

  const clean = (needed: ReadonlySet<CandidateId>): void => {
    for (const id of parentOf.keys()) if (!needed.has(id)) parentOf.delete(id);
    for (const id of parentOf.keys()) {
      if (parentOf.size <= LINEAGE_MAX * KEPT_SHARE) break;
      parentOf.delete(id);
    }
  };

  return { add, of };
};
