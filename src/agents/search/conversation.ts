/**
 * An agent's turns on one target: it writes, hears what became of it, and goes on from there, a few times; then it begins anew from the archive.
 * Serial refinement beside the parallel samples that other agents are.
 *
 * Modes: fresh (no turn yet, or the last one ended it: the archive chooses); waiting (its candidate has no verdict: whoever asks meanwhile begins
 * anew); open (`next` goes on).
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { ArchiveEntry, Choice } from './entry.ts';

/** Turns in a row that did not better what there was: another idea from the archive is worth more. */
const STALE_MAX = 2;

/** Of the best speed-up that anybody has: what fell further behind is not gone on with. */
const NEAR_SHARE = 0.97;

type TurnEntry = Pick<ArchiveEntry, 'candidateId' | 'verdict' | 'speedup' | 'move'>;

export interface Conversation {
  /** What to go on with, and what was written before, oldest first; null: begin anew. `front`: the best speed-up of all agents; null where there is none. */
  next(
    target: number,
    front?: number | null,
  ): { readonly choice: Omit<Choice, 'seed'>; readonly turns: readonly CandidateId[] } | null;
  /** The target that it goes on with now; null: it waits, or begins anew. `frontOf`: the best speed-up of all agents on a target. */
  on(frontOf: (target: number) => number | null): number | null;
  /** It would go on once its candidate has a verdict: whoever is asked before drops its turns. */
  isWaiting(): boolean;
  onSubmitted(id: CandidateId, target: number): void;
  onVerdict(entry: TurnEntry): void;
  /** No candidate came of an answer. */
  onNothing(): void;
  /** A verdict was taken back. */
  forget(id: CandidateId): void;
}

export const createConversation = ({ turnsMax }: { readonly turnsMax: number }): Conversation => {
  let on = -1;
  let turns: readonly TurnEntry[] = [];
  let pending: CandidateId | null = null;
  let stale = 0;

  const reset = (): void => {
    [turns, pending, stale] = [[], null, 0];
  };
  const best = (): TurnEntry | undefined =>
    turns.filter(({ speedup }) => speedup !== null).toSorted((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0))[0];

  const isBehind = (front: number | null): boolean => {
    const speedup = best()?.speedup ?? null;
    return front !== null && speedup !== null && speedup < front * NEAR_SHARE;
  };

  const hasTurnsLeft = (): boolean => turns.length < turnsMax && stale < STALE_MAX;
  /** What passed and is compared with no other is nobody's parent; without anything else there is nothing to go on with. */
  const hasParent = (): boolean => best() !== undefined || isFailure(turns.at(-1));
  // The turn on its way may be the last one.
  const isWaiting = (): boolean => pending !== null && turns.length + 1 < turnsMax;

  return {
    next: (target, front = null) => {
      const last = turns.at(-1);
      const goesOn = target === on && pending === null && hasTurnsLeft() && hasParent() && !isBehind(front);
      if (last === undefined || !goesOn) {
        reset();
        on = target;
        return null;
      }
      const [first, parent] = [best(), last.candidateId];
      const ids = turns.map(({ candidateId }) => candidateId);
      if (isFailure(last))
        return { choice: { move: 'repair', parents: first === undefined ? [parent] : [parent, first.candidateId] }, turns: ids };
      return { choice: { move: 'improve', parents: [first?.candidateId ?? parent] }, turns: ids };
    },
    on: (frontOf) => (pending === null && hasTurnsLeft() && hasParent() && !isBehind(frontOf(on)) ? on : null),
    isWaiting,
    onSubmitted: (id, target) => {
      if (target !== on) reset();
      on = target;
      pending = id;
    },
    onVerdict: (entry) => {
      if (entry.candidateId !== pending) return;
      pending = null;
      const before = best()?.speedup ?? 0;
      stale = entry.speedup !== null && entry.speedup > before ? 0 : stale + 1;
      turns = [...turns, entry];
    },
    onNothing: () => {
      stale += 1;
    },
    forget: (id) => {
      if (pending === id || turns.some(({ candidateId }) => candidateId === id)) reset();
    },
  };
};

const isFailure = (turn: TurnEntry | undefined): boolean =>
  turn !== undefined && turn.speedup === null && turn.verdict !== 'passed';
