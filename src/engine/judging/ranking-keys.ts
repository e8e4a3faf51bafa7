/** Which rankings there are: one for each problem as it is defined, on each device model. */
import type { RankingKey } from '../../domain/ports/store.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { Target } from '../../problems/targets.ts';
import type { ActiveCandidate } from '../active-candidates.ts';

export interface Model {
  readonly model: string;
  readonly target: Target;
}

/** Where a candidate would be ranked if it ran on this model. */
export const rankingKeyOf = (candidate: Pick<ActiveCandidate, 'submission'>, deviceModel: string): RankingKey => ({
  problem: candidate.submission.content.problem,
  problemVersion: candidate.submission.content.problemVersion,
  deviceModel,
});

/** Of every problem that can be judged on this model. */
export const rankingKeysOn = (problems: ReadonlyMap<string, LoadedProblem>, { model, target }: Model): readonly RankingKey[] =>
  [...problems.values()]
    .filter(({ targets }) => targets.includes(target))
    .map(({ problem, contentHash }) => ({ problem: problem.name, problemVersion: contentHash(target), deviceModel: model }));

/** Of a map of rankings. */
export const textOf = ({ problem, problemVersion, deviceModel }: RankingKey): string =>
  `${problem}\n${problemVersion}\n${deviceModel}`;

export interface ModelReader {
  ensure(models: readonly Model[]): Promise<void>;
  /** Of one problem more, or another version of it, on all models so far. */
  ensureProblem(loaded: LoadedProblem): Promise<void>;
}

/** Reads what is kept of all rankings on a model, once for each model; again where that failed. */
export const createModelReader = (
  problems: ReadonlyMap<string, LoadedProblem>,
  readAll: (keys: readonly RankingKey[]) => Promise<void>,
): ModelReader => {
  const ready = new Map<string, Model>();
  return {
    ensure: async (models) => {
      for (const each of models) {
        if (ready.has(each.model)) continue;
        await readAll(rankingKeysOn(problems, each));
        ready.set(each.model, each);
      }
    },
    ensureProblem: async (loaded) => {
      const one = new Map([[loaded.problem.name, loaded]]);
      for (const each of ready.values()) await readAll(rankingKeysOn(one, each));
    },
  };
};
