/** The order of rankings, read anew every few seconds: lists of campaigns are looked at each second. */
import { KilnError } from '../../../domain/errors.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { BoundedMap } from '../../../platform/bounded-map.ts';
import type { TargetName } from '../state/account.ts';
import type { Ranked } from './view.ts';

const AGE_MS_MAX = 5000;
const RANKED_MAX = 200;
const TARGETS_MAX = 1000;

interface Held {
  readonly atMs: number;
  readonly ranked: Promise<readonly Ranked[]>;
}

export const createRankedReader = (judging: Pick<Judging, 'ranking'>, monotonicMs: () => number) => {
  const held = new BoundedMap<string, Held>(TARGETS_MAX);
  return async (target: TargetName): Promise<readonly Ranked[]> => {
    const key = `${target.problem} ${target.device}`;
    const known = held.get(key);
    if (known && monotonicMs() - known.atMs < AGE_MS_MAX) return known.ranked;
    const ranked = readRanked(judging, target);
    held.set(key, { atMs: monotonicMs(), ranked });
    ranked.catch(() => held.delete(key));
    return ranked;
  };
};

/** A problem that is gone has no ranking; models of one class are told apart there, so the best of each comes first. */
const readRanked = async (judging: Pick<Judging, 'ranking'>, { problem, device }: TargetName): Promise<readonly Ranked[]> => {
  const { models } = await judging.ranking(problem, { device, limit: RANKED_MAX, mayBeUnknown: true }).catch((error: unknown) => {
    if (error instanceof KilnError && !error.retryable) return { models: [] };
    throw error;
  });
  return models
    .flatMap(({ entries }) => entries)
    .filter(({ score }) => score.stopped === undefined)
    .map(({ candidateId, score, place }) => ({ candidateId, speedup: score.rankKey, place }))
    .toSorted((a, b) => a.place - b.place || b.speedup - a.speedup);
};
