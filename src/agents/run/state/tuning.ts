/**
 * Params of what comes near the best, tried by `evolve` beside the generators that write: a model is told that they are, so that it need not
 * guess numbers. Only for campaigns without `evolve`: there they are varied anyway.
 */
import type { CandidateId } from '../../../domain/ids.ts';
import type { EliteEntry } from '../../search/entry.ts';

/** Of the best's speed-up: what is further behind is improved by another idea, not by other numbers. */
const NEAR_SHARE = 0.95;
/** Points of one candidate. A better one among them gets as many again. */
const POINTS_MAX = 8;
/** Candidates that wait; the oldest are dropped. */
const WAITING_MAX = 32;

export interface Tuning {
  /** `best`: the fastest before it. `isTuned`: it is a point of another one. */
  onPassed(entry: EliteEntry, best: EliteEntry | null, isTuned: boolean): void;
  /** Whose params are to be tried next; null where nobody's. Each call is a point. */
  next(): CandidateId | null;
  isWaiting(): boolean;
  /** Nothing is left of it, or it is no candidate any more. */
  drop(id: CandidateId): void;
}

export const createTuning = ({ isOn }: { readonly isOn: boolean }): Tuning => {
  const left = new Map<CandidateId, number>();
  return {
    onPassed: (entry, best, isTuned) => {
      const { candidateId, speedup, isVariable, stoppedEarly } = entry;
      if (!isOn || !isVariable || stoppedEarly || left.has(candidateId)) return;
      if (best?.candidateId === candidateId) return;
      const isNear = best === null || (isTuned ? speedup > best.speedup : speedup >= best.speedup * NEAR_SHARE);
      if (!isNear) return;
      left.set(candidateId, POINTS_MAX);
      for (const oldest of left.keys()) if (left.size > WAITING_MAX) left.delete(oldest);
    },
    next: () => {
      const [first] = left;
      if (first === undefined) return null;
      const [id, points] = first;
      // Behind the others: several that are near the best are tried side by side.
      left.delete(id);
      if (points > 1) left.set(id, points - 1);
      return id;
    },
    isWaiting: () => left.size > 0,
    drop: (id) => void left.delete(id),
  };
};
