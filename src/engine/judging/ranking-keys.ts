/** Which rankings there are: of each problem as it is defined, on each device model, one of device code and one of programs by their answers. */
import type { FrontKey, RankingKey } from '../../domain/ports/store.ts';
import { RankingClass } from '../../domain/ranking/ranking.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { Target } from '../../problems/targets.ts';
import type { ActiveCandidate } from '../active-candidates.ts';

export interface Model {
  readonly model: string;
  readonly target: Target;
}

/** Where a candidate would be ranked if it ran on this model. */
export const rankingKeyOf = (
  candidate: Pick<ActiveCandidate, 'submission'>,
  deviceModel: string,
  ofClass: RankingClass,
): RankingKey => ({
  problem: candidate.submission.content.problem,
  problemVersion: candidate.submission.content.problemVersion,
  deviceModel,
  class: ofClass,
});

/** Of every problem that can be judged on this model. */
export const rankingKeysOn = (problems: Iterable<LoadedProblem>, { model, target }: Model): readonly FrontKey[] =>
  [...problems]
    .filter(({ targets }) => targets.includes(target))
    .map(({ problem, contentHash }) => ({ problem: problem.name, problemVersion: contentHash(target), deviceModel: model }));

export const classesOf = (keys: readonly FrontKey[]): readonly RankingKey[] =>
  keys.flatMap((key) => RankingClass.options.map((ofClass) => ({ ...key, class: ofClass })));

/** Of a map of rankings. */
export const textOf = ({
  problem,
  problemVersion,
  deviceModel,
  class: ofClass = 'device',
}: FrontKey & Partial<RankingKey>): string => [problem, problemVersion, deviceModel, ofClass].join('\n');

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
  readAll: (keys: readonly FrontKey[]) => Promise<void>,
): ModelReader => {
  const problems = new Set(current);
  const models = new Map<string, Model>();
  const known = new Set<string>();

  const readUnknown = async (keys: readonly FrontKey[]): Promise<void> => {
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
