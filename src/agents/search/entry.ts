/** What goes into the archive of a search, and what is drawn from it. */
import type { Move, WritingMove } from '../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Language, Params } from '../../domain/plan/plan.ts';

/** What most limits a kernel. */
export type Bound = 'memory' | 'compute' | 'unknown';

/** A generation whose candidate was judged. */
export interface ArchiveEntry {
  /** The generation's number, from 1. */
  readonly number: number;
  readonly candidateId: CandidateId;
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
  /** The speed-up rests on few runs: such an entry stands behind every one that was timed to the end. */
  readonly stoppedEarly: boolean;
  readonly floorShare: number | null;
  /** Median times of the bench cases; left out where they are not known. */
  readonly cases?: readonly { readonly case: string; readonly medianNs: number }[];
  /** In one line, why it is worth nothing; null where it passed. */
  readonly failure: string | null;
  readonly bound: Bound;
  readonly registers: number | null;
  /** Whether there is anything in it that can be varied without writing: params or marked regions. */
  readonly isVariable: boolean;
}

/** A generation as its parents see it. */
export type Child = Pick<ArchiveEntry, 'number' | 'move' | 'island' | 'parents'>;

/** An entry that can be a parent. */
export type EliteEntry = ArchiveEntry & { readonly speedup: number };

export interface Choice {
  readonly move: WritingMove;
  /** None for `new`, one for `improve`, two for `cross`; for `repair` the failed one, then the parent it came from where that is known. */
  readonly parents: readonly CandidateId[];
  readonly seed: number;
}

export interface Draw {
  readonly island: number;
  /** The generation's number. */
  readonly number: number;
  /** Whether who is asked can write what is not there (a model can). `evolve` cannot: it gets what can be varied. Default: true. */
  readonly invents?: boolean;
  /** What is wanted, as far as there is what it needs. Left out: by set odds. */
  readonly wish?: WishedMove;
}

/** `refine`: of the best of all islands. */
export type WishedMove = WritingMove | 'refine';

export type DraftContent = Pick<ArchiveEntry, 'language' | 'source' | 'params'>;
