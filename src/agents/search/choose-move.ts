/** Who is asked for what: the mix of moves, and parents by rank and age. */
import { PARENTS_MAX } from '../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Choice, Draw, WishedMove } from './entry.ts';
import { compareElites, type Elite, type Elites } from './elites.ts';
import { below, pickWeighted, type Random, randomFrom } from '../../platform/random.ts';
import type { Repairs } from './repairs.ts';

/** While a failure waits: often, since it is half-paid-for, but not always, since what fails may be a bad idea. */
const REPAIR_SHARE = 0.3;
/** From nothing: rare, since most of what is written anew is slower than what was improved for long; it is what finds another kind of kernel. */
const NEW_SHARE = 0.1;
/** Joins what two kinds do well. Needs two elites, so it grows with the archive's breadth anyway. */
const CROSS_SHARE = 0.2;
/** Else `improve`: one step from something that works is what succeeds most often. */

/** One in so many choices looks at the neighbour's elites: often enough that a find spreads, rarely enough that islands differ. */
const MIGRATION_EVERY = 12;
/** Each rank is drawn two thirds as often as the one before: the first six share nine tenths. */
const RANK_DECAY = 2 / 3;
/** A parent of so many children, none of which replaced it, is drawn half as often … */
const USES_HALF = 8;
/** … once it is so many generations old; a young one has not had its chance. */
const AGE_FULL = 64;
/** The best is still the likeliest to be bettered: no parent falls below this share of its rank's weight. */
const TIRED_SHARE_MIN = 0.2;
const SEED_BELOW = 2 ** 31;

export interface SearchState {
  readonly islands: readonly Elites[];
  readonly repairs: Repairs;
  /** One came from the other: joined, they are the younger one again. */
  readonly isKin: (one: CandidateId, other: CandidateId) => boolean;
  /** Highest generation number that was added. */
  readonly newest: number;
  readonly seed: number;
}

export const chooseMove = (state: SearchState, draw: Draw): Choice => {
  const random = randomFrom(state.seed, draw.island, draw.number);
  const seed = below(random, SEED_BELOW);
  if (draw.wish !== undefined) return chooseWished(state, { draw, wish: draw.wish, random, seed });
  if (state.repairs.waiting(draw.island) && random() < REPAIR_SHARE) {
    const repair = state.repairs.take(draw.island);
    if (repair) return { move: 'repair', parents: withKnownParent(state, repair), seed };
  }
  const isFit = ({ entry }: Elite): boolean => draw.invents !== false || entry.isVariable;
  const elites = poolOf(state, { island: draw.island, isFit }, random);
  const weighted = elites.map((elite, rank) => [elite.entry.candidateId, weightOf(elite, rank, state.newest)] as const);
  const first = pickWeighted(random, weighted);
  const share = random();
  if (first === undefined || (draw.invents !== false && share < NEW_SHARE)) return { move: 'new', parents: [], seed };
  const second =
    share < NEW_SHARE + CROSS_SHARE
      ? pickWeighted(
          random,
          weighted.filter(([id]) => id !== first && !state.isKin(first, id)),
        )
      : undefined;
  return second === undefined ? { move: 'improve', parents: [first], seed } : { move: 'cross', parents: [first, second], seed };
};

interface Wishing {
  readonly draw: Draw;
  readonly wish: WishedMove;
  readonly random: Random;
  readonly seed: number;
}

const chooseWished = (state: SearchState, { draw, wish, random, seed }: Wishing): Choice => {
  const repair = wish === 'repair' ? state.repairs.take(draw.island) : null;
  if (repair) return { move: 'repair', parents: withKnownParent(state, repair), seed };
  const isFit = ({ entry }: Elite): boolean => draw.invents !== false || entry.isVariable;
  const weighted = poolOf(state, { island: draw.island, isFit }, random).map(
    (elite, rank) => [elite.entry.candidateId, weightOf(elite, rank, state.newest)] as const,
  );
  const first = wish === 'refine' ? bestOf(state, isFit) : pickWeighted(random, weighted);
  if (first === undefined || wish === 'new') return { move: 'new', parents: [], seed };
  const others = weighted.filter(([id]) => id !== first && !state.isKin(first, id));
  const second = wish === 'cross' ? pickWeighted(random, others) : undefined;
  return second === undefined ? { move: 'improve', parents: [first], seed } : { move: 'cross', parents: [first, second], seed };
};

const bestOf = ({ islands }: SearchState, isFit: (elite: Elite) => boolean): CandidateId | undefined =>
  islands.flatMap((island) => island.ranked().filter(isFit).slice(0, 1)).toSorted((a, b) => compareElites(a.entry, b.entry))[0]
    ?.entry.candidateId;

interface Wanted {
  readonly island: number;
  readonly isFit: (elite: Elite) => boolean;
}

/** The neighbour's when it is time for that, or while this island has none. */
const poolOf = ({ islands }: SearchState, { island, isFit }: Wanted, random: Random): readonly Elite[] => {
  const fitOf = (index: number): readonly Elite[] => islands[index % islands.length]?.ranked().filter(isFit) ?? [];
  const isMigrating = random() < 1 / MIGRATION_EVERY;
  const neighbours = islands.map((_, step) => island + 1 + step);
  for (const index of [...(isMigrating ? neighbours.slice(0, 1) : []), island, ...neighbours]) {
    const elites = fitOf(index);
    if (elites.length > 0) return elites;
  }
  return [];
};

const weightOf = ({ entry, uses }: Elite, rank: number, newest: number): number => {
  const aged = Math.min(1, Math.max(0, newest - entry.number) / AGE_FULL);
  return RANK_DECAY ** rank * Math.max(TIRED_SHARE_MIN, 1 / (1 + (aged * uses) / USES_HALF));
};

/** With the working parent beside the failed child, one sees what was changed. */
const withKnownParent = (
  { islands }: SearchState,
  { failed, parents }: { readonly failed: CandidateId; readonly parents: readonly CandidateId[] },
): readonly CandidateId[] => {
  const known = parents.filter((id) => islands.some((island) => island.get(id) !== null));
  return [failed, ...known.slice(0, 1)].slice(0, PARENTS_MAX);
};
