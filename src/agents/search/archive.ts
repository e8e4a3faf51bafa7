/**
 * What a search knows of one problem on one device class, and whom it asks to be bettered next.
 *
 * The state is a function of the entries alone (their order matters only where a limit drops something), so that a restart rebuilds it by
 * adding them again; so is it after some were forgotten, once the others are added again. Chance comes from the seed and the generation's number, nothing else: no clock.
 */
import type { CandidateId } from '../../domain/ids.ts';
import { chooseMove } from './choose-move.ts';
import { compareElites, createElites, type Elites } from './elites.ts';
import type { ArchiveEntry, Bound, Choice, DraftContent, Draw, EliteEntry, Child } from './entry.ts';
import type { GenerationContext, MemoryRow } from '../../domain/campaign/generation-context.ts';
import { createLineage } from './lineage.ts';
import { createMemory, type Result } from './memory.ts';
import { createNovelty, type NoveltyView } from './novelty.ts';
import { createRepairs } from './repairs.ts';

export interface Archive {
  /** Every generation that was judged, in the order of their numbers where that is known. Adding one again changes nothing. */
  add(entry: ArchiveEntry): void;
  /** A generation that was answered without a candidate that is judged. It counts for its parents; as a repair it was the one that a failure gets. */
  addFailed(generation: Child): void;
  choose(draw: Draw): Choice;
  /** Nobody answered: a repair is there to be chosen again. */
  giveBack(choice: Pick<Child, 'move' | 'parents'>): void;
  /**
   * Its verdict was taken back: it is nobody's parent, no failure to repair, and no try of its idea. Who came from it still did, and its content is known: the same
   * again is no news. What it displaced is added again by whoever knows it.
   */
  forget(id: CandidateId): void;
  /** Something was measured that says more than what was added with it. */
  setBound(id: CandidateId, bound: Bound): void;
  /** All that can be varied in it was tried: `choose` gives it to nobody who does not invent. */
  useUp(id: CandidateId): void;
  /** So many were used up. */
  usedUp(): number;
  /** Whether `choose` has something for who does not invent. */
  canVary(): boolean;
  /** Whether a failure of the island waits for its repair. */
  canRepair(island: number): boolean;
  /** Somebody repairs it of his own accord: `choose` gives it to nobody else. */
  claim(id: CandidateId): void;
  /** What became of ideas, the best first. */
  memory(limit: number): readonly MemoryRow[];
  /** What was applied to a candidate, newest last. */
  triedOn(id: CandidateId, limit: number): GenerationContext['tried'];
  /** What a candidate came to, whether it is held or not; null where that is not known. */
  result(id: CandidateId): Result | null;
  /** It is on its way to be judged: the same again is no news. */
  expect(draft: DraftContent): void;
  /** `isNew`: no entry has this content. `of`: whose it is. */
  novelty(draft: DraftContent): NoveltyView;
  /** The fastest that passed; of equals the first. */
  best(): EliteEntry | null;
  /** Of all islands, the fastest first, each candidate once. */
  elites(): readonly EliteEntry[];
  /** From a starting point to `id`, itself included, by each one's first parent. */
  lineage(id: CandidateId): readonly CandidateId[];
  /** Source of a parent that `choose` may have named: of an elite, or of a failure that waits for its repair. */
  content(id: CandidateId): ArchiveEntry | null;
}

export const createArchive = (options: { readonly islands: number; readonly seed: number }): Archive => {
  const islands: readonly Elites[] = Array.from({ length: options.islands }, () => createElites());
  const lineage = createLineage();
  const novelty = createNovelty();
  const repairs = createRepairs();
  const memory = createMemory();
  const used = new Set<CandidateId>();
  let newest = 0;
  const islandAt = (island: number): number => island % options.islands;

  const isKin = (one: CandidateId, other: CandidateId): boolean =>
    lineage.of(one).includes(other) || lineage.of(other).includes(one);

  const add = (entry: ArchiveEntry): void => {
    addFailed(entry);
    novelty.add(entry, entry.candidateId);
    memory.add(entry);
    repairs.add({ ...entry, island: islandAt(entry.island) });
    lineage.add(entry, () => [...elites().map((elite) => elite.candidateId), ...repairs.ids()]);
    if (!isElite(entry)) return;
    // Every island begins from the same starting points; from there on each goes its own way.
    const homes = entry.move === 'seed' ? islands : islands.slice(islandAt(entry.island)).slice(0, 1);
    for (const home of homes) home.add(used.has(entry.candidateId) ? { ...entry, isVariable: false } : entry);
  };

  const addFailed = (generation: Child): void => {
    newest = Math.max(newest, generation.number);
    repairs.onChild(generation);
    // Other numbers of a candidate say nothing of how often it was worth a new idea.
    if (generation.move !== 'tune') islands[islandAt(generation.island)]?.countUse(generation);
  };

  const elites = (): readonly EliteEntry[] => {
    const known = new Map(islands.flatMap((island) => island.ranked().map(({ entry }) => [entry.candidateId, entry] as const)));
    return [...known.values()].toSorted(compareElites);
  };

  return {
    add,
    addFailed,
    elites,
    best: () => elites()[0] ?? null,
    choose: (draw) =>
      chooseMove({ islands, repairs, isKin, newest, seed: options.seed }, { ...draw, island: islandAt(draw.island) }),
    giveBack: ({ move, parents: [failed] }) => {
      if (move === 'repair' && failed !== undefined) repairs.giveBack(failed);
    },
    forget: (id) => {
      for (const island of islands) island.forget(id);
      repairs.forget(id);
      memory.forget(id);
    },
    setBound: (id, bound) => {
      for (const island of islands) island.setBound(id, bound);
    },
    useUp: (id) => {
      used.add(id);
      for (const island of islands) island.useUp(id);
    },
    usedUp: () => used.size,
    canVary: () => islands.some((island, index) => repairs.waiting(index) || island.canVary()),
    canRepair: (island) => repairs.waiting(islandAt(island)),
    claim: (id) => repairs.claim(id),
    memory: (limit) => memory.rows(limit),
    triedOn: (id, limit) => memory.triedOn(id, limit),
    result: (id) => memory.result(id),
    expect: (draft) => novelty.add(draft, null),
    novelty: (draft) => novelty.view(draft),
    lineage: (id) => lineage.of(id),
    content: (id) => islands.map((island) => island.get(id)).find((entry) => entry !== null) ?? repairs.get(id),
  };
};

const isElite = (entry: ArchiveEntry): entry is EliteEntry => entry.speedup !== null && entry.verdict === 'passed';
