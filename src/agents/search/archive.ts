/**
 * What a search knows of one problem on one device class, and whom it asks to be bettered next.
 *
 * The state is a function of the entries alone (their order matters only where a limit drops something), so that a restart rebuilds it by
 * adding them again. Chance comes from the seed and the generation's number, nothing else: no clock.
 */
import type { Move } from '../../domain/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Language, Params } from '../../domain/plan.ts';
import { chooseMove } from './choose-move.ts';
import { createElites, type Elites } from './elites.ts';
import { createLineage } from './lineage.ts';
import { createNovelty, type NoveltyView } from './novelty.ts';
import { createRepairs } from './repairs.ts';

/** A generation that ended: judged, or failed and worth nothing. */
export interface ArchiveEntry {
  /** The generation's number, from 1. */
  readonly number: number;
  /** Null where no candidate came of it. */
  readonly candidateId: CandidateId | null;
  readonly language: Language;
  readonly source: string;
  /** Effective params: the header's defaults with the draft's over them. */
  readonly params: Params;
  readonly idea: string;
  readonly move: Move;
  readonly island: number;
  readonly parents: readonly CandidateId[];
  /** Null where it was not judged. */
  readonly verdict: Outcome['verdict'] | null;
  /** Null unless it passed. */
  readonly speedup: number | null;
  readonly floorShare: number | null;
  /** In one line, why it is worth nothing; null where it passed. */
  readonly failure: string | null;
  readonly bound: 'memory' | 'compute' | 'unknown';
  readonly registers: number | null;
}

/** An entry that can be a parent. */
export type EliteEntry = ArchiveEntry & { readonly candidateId: CandidateId; readonly speedup: number };

export interface Choice {
  readonly move: Exclude<Move, 'seed'>;
  /** None for `new`, one for `improve`, two for `cross`; for `repair` the failed one, then the parent it came from where that is known. */
  readonly parents: readonly CandidateId[];
  readonly seed: number;
}

export interface Draw {
  readonly island: number;
  /** The generation's number. */
  readonly number: number;
  /** Whether who is asked can write from nothing (a model can, `evolve` cannot). Default: true. */
  readonly invents?: boolean;
}

export type DraftContent = Pick<ArchiveEntry, 'language' | 'source' | 'params'>;

export interface Archive {
  /** Every generation that ended, in the order of their numbers where that is known. Adding one again changes nothing. */
  add(entry: ArchiveEntry): void;
  choose(draw: Draw): Choice;
  /** `isNew`: no entry has this content. `nearest`: token similarity to the likest one held, 0 to 1. */
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
  let newest = 0;
  const islandAt = (island: number): number => island % options.islands;

  const add = (entry: ArchiveEntry): void => {
    newest = Math.max(newest, entry.number);
    if (entry.source !== '') novelty.add(entry);
    repairs.add({ ...entry, island: islandAt(entry.island) });
    islands[islandAt(entry.island)]?.countUse(entry);
    lineage.add(entry, () => [...elites().map((elite) => elite.candidateId), ...repairs.ids()]);
    if (!isElite(entry)) return;
    // Every island begins from the same starting points; from there on each goes its own way.
    const homes = entry.move === 'seed' ? islands : islands.slice(islandAt(entry.island)).slice(0, 1);
    for (const home of homes) home.add(entry);
  };

  const elites = (): readonly EliteEntry[] => {
    const known = new Map(islands.flatMap((island) => island.ranked().map(({ entry }) => [entry.candidateId, entry] as const)));
    return [...known.values()].toSorted((a, b) => b.speedup - a.speedup || a.number - b.number);
  };

  return {
    add,
    elites,
    best: () => elites()[0] ?? null,
    choose: (draw) => chooseMove({ islands, repairs, newest, seed: options.seed }, { ...draw, island: islandAt(draw.island) }),
    novelty: (draft) => novelty.view(draft),
    lineage: (id) => lineage.of(id),
    content: (id) => islands.map((island) => island.get(id)).find((entry) => entry !== null) ?? repairs.get(id),
  };
};

const isElite = (entry: ArchiveEntry): entry is EliteEntry =>
  entry.candidateId !== null && entry.speedup !== null && entry.verdict === 'passed';
