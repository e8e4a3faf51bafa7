/** The record holder of each problem on each device model, in memory: the hot path must not ask the store. */
import { Score } from '../../domain/ranking/ranking.ts';
import type { RecordHolder } from '../../domain/ranking/score.ts';
import { NO_SPREAD, type Spread } from '../../domain/ranking/spread.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { Target } from '../../problems/targets.ts';
import type { Store } from '../../domain/ports/store.ts';

export interface RecordKey {
  readonly problem: string;
  readonly problemVersion: string;
  readonly deviceModel: string;
}

export interface RecordHolders {
  /** Reads the holders of every problem on these models once; needed before results of such a device are judged. */
  ensure(models: readonly { readonly model: string; readonly target: Target }[]): Promise<void>;
  isReady(model: string): boolean;
  holder(key: RecordKey): RecordHolder | null;
  spread(key: RecordKey): Spread;
  /** Null: nobody holds it any more. */
  set(key: RecordKey, holder: RecordHolder | null): void;
  learn(key: RecordKey, spread: Spread): void;
}

export const createRecordHolders = (
  store: Pick<Store, 'record'>,
  problems: ReadonlyMap<string, LoadedProblem>,
): RecordHolders => {
  const holders = new Map<string, RecordHolder>();
  const spreads = new Map<string, Spread>();
  const ready = new Set<string>();

  const load = async (model: string, target: Target): Promise<void> => {
    for (const { problem, targets, contentHash } of problems.values()) {
      if (!targets.includes(target)) continue;
      const problemVersion = contentHash(target);
      const record = await store.record(problem.name, problemVersion, model);
      if (!record) continue;
      const key = keyOf({ problem: problem.name, problemVersion, deviceModel: model });
      // Scores written by earlier versions lack what was added since.
      holders.set(key, { candidateId: record.candidateId, score: Score.parse(record.score) });
      if (record.spread) spreads.set(key, record.spread);
    }
    ready.add(model);
  };

  return {
    ensure: async (models) => {
      for (const { model, target } of models) if (!ready.has(model)) await load(model, target);
    },
    isReady: (model) => ready.has(model),
    holder: (key) => holders.get(keyOf(key)) ?? null,
    spread: (key) => spreads.get(keyOf(key)) ?? NO_SPREAD,
    set: (key, holder) => {
      if (holder) holders.set(keyOf(key), holder);
      else holders.delete(keyOf(key));
    },
    learn: (key, spread) => void spreads.set(keyOf(key), spread),
  };
};

const keyOf = (key: RecordKey): string => `${key.problem}\n${key.problemVersion}\n${key.deviceModel}`;
