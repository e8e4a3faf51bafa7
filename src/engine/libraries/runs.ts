/** Runs of library programs, as far as the store has them: of what is the same in all that counts, there is one. */
import type { CandidateId } from '../../domain/ids.ts';
import type { LibraryRunRow } from '../../domain/ports/store-rows.ts';

/** What a run is of: another in any of these is timed for itself. */
export type LibraryWork = Pick<LibraryRunRow, 'problem' | 'problemVersion' | 'device' | 'key' | 'environmentKey'>;

/** `readAtMs`: when the store said so, by the monotonic clock. */
export type LibraryRun = LibraryRunRow & { readonly readAtMs: number };

export interface LibraryRuns {
  put(run: LibraryRun): void;
  of(work: LibraryWork): LibraryRun | null;
  has(id: CandidateId): boolean;
  /** In the order of submission. */
  all(): readonly LibraryRun[];
}

export const createLibraryRuns = (): LibraryRuns => {
  const byName = new Map<string, LibraryRun>();
  const ids = new Set<CandidateId>();
  return {
    put: (run) => {
      byName.set(nameOf(run), run);
      ids.add(run.id);
    },
    of: (work) => byName.get(nameOf(work)) ?? null,
    has: (id) => ids.has(id),
    all: () => [...byName.values()],
  };
};

const nameOf = ({ problem, problemVersion, device, key, environmentKey }: LibraryWork): string =>
  [problem, problemVersion, device, key.hash, key.deviceModel, key.environment, environmentKey].join('\n');
