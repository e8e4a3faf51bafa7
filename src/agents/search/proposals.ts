/**
 * Ideas that were proposed for one problem on one device class, and who still has to write them. A function of the generations alone: a restart adds them again, and
 * nothing that was proposed is paid for twice.
 *
 * A proposal is open while fewer candidates of it were asked for than are wanted, and until its parent is no candidate any more.
 */
import type { ProposalRef, WritingMove } from '../../domain/campaign/campaign.ts';
import { type Diagnosis, ideaOf, type Proposal } from '../../domain/campaign/diagnosis.ts';
import type { MemoryRow } from '../../domain/campaign/generation-context.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { ideaTag } from './elites.ts';

/** Of one target: what is older was proposed for parents that are out of date. */
const OPEN_MAX = 64;
/** A difference that is none. */
const SAME = 0.01;
/** Tries without one that passed. */
const FAILED_TRIES = 2;

export interface Diagnosed {
  /** The generation's. */
  readonly number: number;
  /** Who is to write it. */
  readonly writer: string;
  readonly parents: readonly CandidateId[];
  readonly move: WritingMove;
  readonly diagnosis: Diagnosis;
  readonly implementations: number;
  readonly refused: readonly { readonly index: number }[];
}

/** One candidate of a proposal. */
export interface Carrying {
  readonly ref: ProposalRef;
  readonly move: WritingMove;
  readonly parents: readonly CandidateId[];
  readonly shown: Proposal & Pick<Diagnosis, 'bottleneck' | 'finding'> & { readonly implementation: number; readonly of: number };
}

export interface Proposals {
  add(diagnosed: Diagnosed): void;
  /** The one that fewest write, then the oldest, of those that this generator is to write; null where none is open. */
  take(writer: string): Carrying | null;
  /** Null: it is too old to be known. */
  proposed(ref: ProposalRef): Proposal | null;
  /** Somebody writes it: of a generation that is known from its row. */
  onAsked(ref: ProposalRef): void;
  /** Nobody answered: it is there to be written again. */
  giveBack(ref: ProposalRef): void;
  /** It is nobody's parent any more. */
  forget(id: CandidateId): void;
  open(): number;
  /** Of these parents, in words. */
  proposedFor(parents: readonly CandidateId[]): readonly string[];
  /** Why nobody is paid to write it: what is known of the idea, or that it was proposed already; null where it is news. */
  refusalOf(proposal: Proposal, parents: readonly CandidateId[], memory: readonly MemoryRow[]): string | null;
}

interface Held extends Diagnosed {
  readonly index: number;
  readonly proposal: Proposal;
  asked: number;
}

export const createProposals = (): Proposals => {
  let held: readonly Held[] = [];
  const isOpen = ({ asked, implementations }: Held): boolean => asked < implementations;
  const at = (ref: ProposalRef): Held | undefined => held.find(({ number, index }) => number === ref.of && index === ref.index);

  return {
    add: (diagnosed) => {
      if (held.some(({ number }) => number === diagnosed.number)) return;
      const news = diagnosed.diagnosis.proposals.flatMap((proposal, index): Held[] =>
        diagnosed.refused.some((one) => one.index === index) ? [] : [{ ...diagnosed, index, proposal, asked: 0 }],
      );
      held = [...held, ...news].slice(-OPEN_MAX);
    },
    take: (writer) => {
      const [next] = held
        .filter((one) => one.writer === writer && isOpen(one))
        .toSorted((a, b) => a.asked - b.asked || a.number - b.number || a.index - b.index);
      if (!next) return null;
      next.asked += 1;
      return carryingOf(next);
    },
    proposed: (ref) => at(ref)?.proposal ?? null,
    onAsked: (ref) => {
      const one = at(ref);
      if (one) one.asked += 1;
    },
    giveBack: (ref) => {
      const one = at(ref);
      if (one) one.asked = Math.max(0, one.asked - 1);
    },
    forget: (id) => {
      held = held.filter(({ parents }) => !parents.includes(id));
    },
    open: () => held.filter(isOpen).length,
    proposedFor: (parents) => held.filter((one) => one.parents.join() === parents.join()).map(({ proposal }) => ideaOf(proposal)),
    refusalOf: (proposal, parents, memory) => {
      const tag = ideaTag(ideaOf(proposal));
      const same = held.find((one) => one.parents.join() === parents.join() && ideaTag(ideaOf(one.proposal)) === tag);
      if (same) return `proposed before for the same parents, by generation ${same.number}`;
      const row = memory.find(({ idea }) => ideaTag(idea) === tag);
      return row ? knownText(row) : null;
    },
  };
};

const carryingOf = ({ number, index, move, parents, proposal, diagnosis, asked, implementations }: Held): Carrying => {
  const { bottleneck, finding } = diagnosis;
  return {
    ref: { of: number, index },
    move,
    parents,
    shown: { ...proposal, bottleneck, finding, implementation: asked, of: implementations },
  };
};

/** Null for what gained something, or is not known well enough. */
const knownText = ({ tries, passed, bestRatio }: MemoryRow): string | null => {
  if (bestRatio !== null) return bestRatio > 1 + SAME ? null : `tried ${tries} times, and gained nothing`;
  return passed === 0 && tries >= FAILED_TRIES ? `tried ${tries} times, and never passed` : null;
};
