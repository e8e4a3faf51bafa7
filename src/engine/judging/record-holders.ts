/** The record holder of each problem on each device model, in each class, in memory: the hot path must not ask the store. */
import { Score } from '../../domain/ranking/ranking.ts';
import type { RecordHolder } from '../../domain/ranking/score.ts';
import { NO_SPREAD, type Spread } from '../../domain/ranking/spread.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { RankingKey, Store } from '../../domain/ports/store.ts';
import { classesOf, createModelReader, type Model, textOf } from './ranking-keys.ts';

export interface RecordHolders {
  /** Reads the holders of every problem on these models once; needed before results of such a device are judged. */
  ensure(models: readonly Model[]): Promise<void>;
  /** Of one problem more, on all of these models. */
  ensureProblem(loaded: LoadedProblem): Promise<void>;
  holder(key: RankingKey): RecordHolder | null;
  spread(key: RankingKey): Spread;
  /** Null: nobody holds it any more. */
  set(key: RankingKey, holder: RecordHolder | null): void;
  learn(key: RankingKey, spread: Spread): void;
}

export const createRecordHolders = (store: Pick<Store, 'record'>, problems: Iterable<LoadedProblem>): RecordHolders => {
  const holders = new Map<string, RecordHolder>();
  const spreads = new Map<string, Spread>();
  /** Rankings whose holder is known better than the store's answer, which may have been on its way. */
  const isSet = new Set<string>();

  const read = async (key: RankingKey): Promise<void> => {
    const record = await store.record(key);
    if (!record) return;
    // Scores written by earlier versions lack what was added since.
    if (!isSet.has(textOf(key))) holders.set(textOf(key), { candidateId: record.candidateId, score: Score.parse(record.score) });
    if (record.spread && !spreads.has(textOf(key))) spreads.set(textOf(key), record.spread);
  };

  const reader = createModelReader(problems, async (keys) => {
    for (const key of classesOf(keys)) await read(key);
  });

  return {
    ...reader,
    holder: (key) => holders.get(textOf(key)) ?? null,
    spread: (key) => spreads.get(textOf(key)) ?? NO_SPREAD,
    set: (key, holder) => {
      isSet.add(textOf(key));
      if (holder) holders.set(textOf(key), holder);
      else holders.delete(textOf(key));
    },
    learn: (key, spread) => void spreads.set(textOf(key), spread),
  };
};
