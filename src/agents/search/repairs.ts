/** Failures that wait for their one repair. A failed repair does not come back: who cannot repair it in one go writes something else. */
import type { CandidateId } from '../../domain/ids.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import { ideaTag } from './elites.ts';
import type { ArchiveEntry, Child } from './entry.ts';

/** Of each island: the newest. An old failure was written from knowledge that is out of date. */
export const REPAIRS_MAX = 8;
/** Failures whose repair was seen, so that adding an entry again does not bring it back. */
const REPAIRED_MAX = 50_000;
/** What the writer can repair. A cancelled candidate or an infra failure says nothing about the source. */
const REPAIRABLE: ReadonlySet<string> = new Set([
  'compile_error',
  'plan_error',
  'wrong_answer',
  'modified_input',
  'out_of_bounds',
  'crashed',
  'timed_out',
]);

export interface Repair {
  readonly failed: CandidateId;
  /** The parents it came from. */
  readonly parents: readonly CandidateId[];
}

export interface Repairs {
  /** A failure begins to wait, unless its idea passed on the same parent already; what passed ends the wait of such failures. */
  add(entry: ArchiveEntry): void;
  /** A repair ends its parent's wait, whatever came of it. */
  onChild(child: Child): void;
  /** It is no failure any more. Where its repair was seen, it gets no other one. */
  forget(id: CandidateId): void;
  waiting(island: number): boolean;
  /** The newest of the island: it is not given twice, unless it is given back. */
  take(island: number): Repair | null;
  giveBack(id: CandidateId): void;
  /** It is taken, by whoever knows of it without asking. */
  claim(id: CandidateId): void;
  /** Taken ones too, until their repair is added or newer failures push them out: their source is still needed. */
  get(id: CandidateId): ArchiveEntry | null;
  ids(): readonly CandidateId[];
}

/** An idea on a parent; null where either is not known. */
const attemptOf = ({ idea, parents: [parent] }: ArchiveEntry): string | null => {
  const tag = ideaTag(idea);
  return parent === undefined || tag === '' ? null : `${parent} ${tag}`;
};

export const createRepairs = (): Repairs => {
  const held = new Map<CandidateId, ArchiveEntry>();
  const taken = new Set<CandidateId>();
  const repaired = new Set<CandidateId>();
  const passed = new BoundedMap<string | null, true>(REPAIRED_MAX);

  const close = (id: CandidateId): void => {
    held.delete(id);
    taken.delete(id);
    repaired.add(id);
    for (const oldest of repaired) {
      if (repaired.size <= REPAIRED_MAX) break;
      repaired.delete(oldest);
    }
  };

  const add = (entry: ArchiveEntry): void => {
    const { candidateId, verdict } = entry;
    if (entry.speedup !== null) return onPassed(entry);
    if (entry.move === 'repair' || verdict === null || !REPAIRABLE.has(verdict)) return;
    if (held.has(candidateId) || repaired.has(candidateId) || passed.has(attemptOf(entry))) return;
    held.set(candidateId, entry);
    dropOldest(entry.island);
  };

  const onPassed = (entry: ArchiveEntry): void => {
    const attempt = attemptOf(entry);
    if (attempt === null) return;
    passed.set(attempt, true);
    for (const [id, failed] of held) if (attemptOf(failed) === attempt) close(id);
  };

  const ofIsland = (island: number): readonly ArchiveEntry[] =>
    [...held.values()].filter((entry) => entry.island === island).toSorted((a, b) => b.number - a.number);

  const dropOldest = (island: number): void => {
    for (const { candidateId } of ofIsland(island).slice(REPAIRS_MAX)) close(candidateId);
  };

  const open = (island: number): ArchiveEntry | undefined => ofIsland(island).find(({ candidateId }) => !taken.has(candidateId));

  const take = (island: number): Repair | null => {
    const entry = open(island);
    if (!entry) return null;
    taken.add(entry.candidateId);
    return { failed: entry.candidateId, parents: entry.parents };
  };

  return {
    add,
    onChild: ({ move, parents: [failed] }) => {
      if (move === 'repair' && failed !== undefined) close(failed);
    },
    forget: (id) => {
      held.delete(id);
      taken.delete(id);
    },
    take,
    giveBack: (id) => void taken.delete(id),
    claim: (id) => {
      if (held.has(id)) taken.add(id);
    },
    waiting: (island) => open(island) !== undefined,
    get: (id) => held.get(id) ?? null,
    ids: () => [...held.keys()],
  };
};
