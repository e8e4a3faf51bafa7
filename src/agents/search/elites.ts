/**
 * The elites of one island: the fastest of each cell of behaviour, so that a search keeps kinds of kernels and not twenty copies of one.
 * A cell is: what bounds it, how many registers it takes, its language, its idea.
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { Bound, EliteEntry, Child } from './entry.ts';

/** Cells of an island; beyond them the cell with the slowest elite goes. Enough for kinds, few enough that rank says something. */
export const ELITES_MAX = 24;
/** Where an SM's 64 Ki registers allow 2,048, 1,024, 512 or fewer threads. */
const REGISTER_BUCKETS = [32, 64, 128, 255] as const;
const IDEA_WORDS_MAX = 4;

export interface Elite {
  readonly entry: EliteEntry;
  /** Children that it is a parent of, whatever became of them. */
  readonly uses: number;
}

export interface Elites {
  add(entry: EliteEntry): void;
  /** Counts `child` for its parents here. Once for each generation. */
  countUse(child: Child): void;
  forget(id: CandidateId): void;
  /** It may go to another cell by that, and of two in one the slower goes. */
  setBound(id: CandidateId, bound: Bound): void;
  /** Nothing is left to vary in it. */
  useUp(id: CandidateId): void;
  /** Whether one of them has something to vary. */
  canVary(): boolean;
  /** The fastest first. */
  ranked(): readonly Elite[];
  get(id: CandidateId): EliteEntry | null;
}

export const createElites = (): Elites => {
  const cells = new Map<string, EliteEntry>();
  const uses = new Map<CandidateId, Set<number>>();

  const add = (entry: EliteEntry): void => {
    const cell = cellOf(entry);
    const held = cells.get(cell);
    if (held && !isFaster(entry, held)) return;
    cells.set(cell, entry);
    if (cells.size > ELITES_MAX) cells.delete(slowestOf(cells));
    forgetUses();
  };

  const forgetUses = (): void => {
    const kept = new Set([...cells.values()].map((entry) => entry.candidateId));
    for (const id of uses.keys()) if (!kept.has(id)) uses.delete(id);
  };

  const get = (id: CandidateId): EliteEntry | null => [...cells.values()].find((entry) => entry.candidateId === id) ?? null;

  const countUse = (child: Child): void => {
    for (const id of child.parents) {
      if (get(id) === null) continue;
      const children = uses.get(id) ?? new Set();
      if (children.size < USES_MAX) uses.set(id, children.add(child.number));
    }
  };

  const setBound = (id: CandidateId, bound: Bound): void => {
    const entry = get(id);
    if (!entry || entry.bound === bound) return;
    cells.delete(cellOf(entry));
    add({ ...entry, bound });
  };

  const forget = (id: CandidateId): void => {
    for (const [cell, entry] of cells) if (entry.candidateId === id) cells.delete(cell);
  };

  const useUp = (id: CandidateId): void => {
    for (const [cell, entry] of cells) if (entry.candidateId === id) cells.set(cell, { ...entry, isVariable: false });
  };

  const ranked = (): readonly Elite[] =>
    [...cells.values()]
      .toSorted((a, b) => (isFaster(a, b) ? -1 : 1))
      .map((entry) => ({ entry, uses: uses.get(entry.candidateId)?.size ?? 0 }));

  const canVary = (): boolean => [...cells.values()].some(({ isVariable }) => isVariable);

  return { add, countUse, forget, setBound, useUp, canVary, ranked, get };
};

/** Beyond it an elite is as tired as it gets. */
const USES_MAX = 1000;

/** A total order: who was timed to the end before who was stopped early, and of equally fast ones the older. */
export const compareElites = (a: EliteEntry, b: EliteEntry): number =>
  Number(a.stoppedEarly) - Number(b.stoppedEarly) || b.speedup - a.speedup || a.number - b.number;

const isFaster = (a: EliteEntry, b: EliteEntry): boolean => compareElites(a, b) < 0;

const slowestOf = (cells: ReadonlyMap<string, EliteEntry>): string =>
  [...cells].reduce((slowest, cell) => (isFaster(slowest[1], cell[1]) ? cell : slowest))[0];

const cellOf = ({ bound, registers, language, idea }: EliteEntry): string =>
  [bound, registerBucket(registers), language, ideaTag(idea)].join('|');

const registerBucket = (registers: number | null): string =>
  registers === null ? 'unknown' : String(REGISTER_BUCKETS.findIndex((most) => registers <= most));

/** Words without numbers, sorted: "Unroll by 4", "unroll by 8" and "by: unroll!" are one idea. */
export const ideaTag = (idea: string): string => {
  const words = idea.toLowerCase().match(/[a-z_]+/g) ?? [];
  return [...new Set(words)].toSorted().slice(0, IDEA_WORDS_MAX).join(' ');
};
