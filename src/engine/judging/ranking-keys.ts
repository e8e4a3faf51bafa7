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
export const rankingKeysOn = (problems: Iterable<LoadedProblem>, { model, target }: Model): readonly RankingKey[] =>
  [...problems]
    .filter(({ targets }) => targets.includes(target))
    .map(({ problem, contentHash }) => ({ problem: problem.name, problemVersion: contentHash(target), deviceModel: model }));

/** Of a map of rankings. */
export const textOf = ({ problem, problemVersion, deviceModel }: RankingKey): string =>
  `${problem}\n${problemVersion}\n${deviceModel}`;

export interface ModelReader {
  ensure(models: readonly Model[]): Promise<void>;
  /** Of one problem more, or another version of it, on all models so far and on those that come later. */
  ensureProblem(loaded: LoadedProblem): Promise<void>;
}

/**
 * Reads what is kept of all rankings on a model, once for each; again where that failed. Versions that are no longer current count as well: what
 * was submitted for them is still judged, on whatever device comes.
 */
export const createModelReader = (
  current: Iterable<LoadedProblem>,
  readAll: (keys: readonly RankingKey[]) => Promise<void>,
): ModelReader => {
  const problems = new Set(current);
  const models = new Map<string, Model>();
  const known = new Set<string>();

  const readUnknown = async (keys: readonly RankingKey[]): Promise<void> => {
    const unknown = keys.filter((key) => !known.has(textOf(key)));
    if (unknown.length === 0) return;
    await readAll(unknown);
    for (const key of unknown) known.add(textOf(key));
  };

  return {
    ensure: async (wanted) => {
      for (const each of wanted) {
        // From here on problems that come meanwhile are read for it as well.
        models.set(each.model, each);
        await readUnknown(rankingKeysOn(problems, each));
      }
    },
    ensureProblem: async (loaded) => {
      problems.add(loaded);
      for (const each of models.values()) await readUnknown(rankingKeysOn([loaded], each));
    },
  };
};
