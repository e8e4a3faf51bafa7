/**
 * The best of one target, as far as measurements vouch for it: what a candidate adds to it is what whoever wrote it has earned. A candidate whose interval reaches that of the best
 * adds nothing, however its own run looked: copies of the best never do.
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { Score } from '../../domain/ranking/ranking.ts';

export interface Front {
  /** Ratio to the front before, at least 1, where it goes beyond it; null where it does not. The first that passed goes beyond nothing by a ratio of 1. */
  judge(measured: Measured): number | null;
  /** A starting point, or one that was accepted before a restart. */
  restore(measured: Measured): void;
  forget(id: CandidateId): void;
}

export interface Measured {
  readonly candidateId: CandidateId;
  /** Of who passed and was timed to the end; null of others. */
  readonly score: Pick<Score, 'rankKey' | 'speedupLow' | 'speedupHigh' | 'deviceModel' | 'pair' | 'stopped'> | null;
  /** It took the record, in pairs with who held it. */
  readonly isRecord: boolean;
}

interface Step {
  readonly speedup: number;
  readonly high: number;
  readonly deviceModel: string;
}

/** Improvements, and starting points: some dozens. */
export const createFront = (): Front => {
  const steps = new Map<CandidateId, Step>();
  const bestOf = (model: string): Step | null => {
    const all = [...steps.values()].filter(({ deviceModel }) => deviceModel === model);
    return all.reduce<Step | null>((best, step) => (best === null || step.speedup > best.speedup ? step : best), null);
  };
  const restore = ({ candidateId, score }: Measured): void => {
    if (!score || score.stopped) return;
    const { rankKey, speedupHigh, deviceModel } = score;
    steps.set(candidateId, { speedup: rankKey, high: Math.max(rankKey, speedupHigh), deviceModel });
  };
  return {
    restore,
    forget: (id) => void steps.delete(id),
    judge: (measured) => {
      const { score, isRecord, candidateId } = measured;
      if (!score || score.stopped || steps.has(candidateId)) return null;
      const best = bestOf(score.deviceModel);
      const wonInPairs = isRecord && score.pair?.result === 'won';
      const isBeyond = best === null || score.speedupLow > best.high || (wonInPairs && score.rankKey > best.speedup);
      if (!isBeyond) return null;
      restore(measured);
      return best === null ? 1 : Math.max(1, score.rankKey / best.speedup);
    },
  };
};
