/**
 * Problems by the version that a candidate was submitted for: the rules of a candidate do not change while it waits, whatever becomes of the folder, over restarts
 * too. Every version that was ever current is in the store; those that are needed are in memory.
 */
import type { CandidateContent } from '../domain/candidate.ts';
import type { ContentHash } from '../domain/ids.ts';
import type { Store } from '../domain/ports/store.ts';
import { type LoadedProblem, problemOfDocument } from '../problems/load-problems.ts';
import { targetOf } from '../problems/targets.ts';

type Version = Pick<CandidateContent, 'problem' | 'problemVersion' | 'device'>;

export interface ProblemVersions {
  /** Null: it is not in memory (`recall`), or not known any more. */
  of(content: Version): LoadedProblem | null;
  /** From now on these are known, also after a restart. */
  keep(problems: Iterable<LoadedProblem>): Promise<void>;
  /** Looks in the store for those that `of` does not know. */
  recall(contents: readonly Version[]): Promise<void>;
}

export interface ProblemVersionsDeps {
  readonly store: Pick<Store, 'keepProblemVersions' | 'problemVersion'>;
  readonly current: Iterable<LoadedProblem>;
  /** What follows ranks by its rules as before. */
  readonly onRecalled: (loaded: LoadedProblem) => Promise<void>;
}

export const createProblemVersions = ({ store, current, onRecalled }: ProblemVersionsDeps): ProblemVersions => {
  const known = new Map<string, LoadedProblem>();
  const remember = (loaded: LoadedProblem): void => {
    for (const [key] of versionsOf(loaded)) known.set(key, loaded);
  };
  for (const loaded of current) remember(loaded);

  const of: ProblemVersions['of'] = ({ problem, problemVersion, device }) => {
    const loaded = known.get(keyOf(problem, problemVersion));
    return loaded?.contentHash(targetOf(device)) === problemVersion ? loaded : null;
  };

  return {
    of,
    keep: async (problems) => {
      const all = [...problems];
      for (const loaded of all) remember(loaded);
      await store.keepProblemVersions(
        all.flatMap((loaded) =>
          versionsOf(loaded).map(([, version]) => ({ problem: loaded.problem.name, version, document: documentOf(loaded) })),
        ),
      );
    },
    recall: async (contents) => {
      const missing = new Set<string>();
      for (const content of contents) {
        const key = keyOf(content.problem, content.problemVersion);
        if (known.has(key) || missing.has(key)) continue;
        missing.add(key);
        const loaded = problemOfDocument(await store.problemVersion(content.problem, content.problemVersion));
        if (!loaded) continue;
        // Known only once its rankings are: where they could not be read, the next one asks again.
        await onRecalled(loaded);
        remember(loaded);
      }
    },
  };
};

const keyOf = (problem: string, version: string): string => `${problem}\n${version}`;

const versionsOf = (loaded: LoadedProblem): readonly (readonly [string, ContentHash])[] =>
  loaded.targets.map((target) => {
    const version = loaded.contentHash(target);
    return [keyOf(loaded.problem.name, version), version] as const;
  });

const documentOf = ({ problem, readme, files }: LoadedProblem) => ({ problem, readme, files });
