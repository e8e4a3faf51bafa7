/** GET /v1/problems/:name/versions, and which of them a ranking is asked of. */
import type { ProblemVersionList } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import { TARGETS } from '../../problems/targets.ts';
import type { AnswersSlice } from '../state.ts';
import { problemNamed } from './not-found.ts';

type Slice = Pick<AnswersSlice, 'problems' | 'store'>;

export const versionsView = async ({ problems, store }: Slice, name: string): Promise<ProblemVersionList> => {
  const current = new Set(versionsNow({ problems }, name));
  const rows = await store.versionsOf(name);
  if (rows.length === 0 && current.size === 0) problemNamed(problems, name);
  return { versions: rows.map((row) => ({ ...row, devices: [...row.devices], isCurrent: current.has(row.version) })) };
};

/** The problem itself may be gone where a version of before is asked for. */
export interface RankedProblem {
  readonly name: string;
  readonly versions: () => Promise<readonly string[]>;
}

/** Throws NOT_FOUND. */
export const rankedProblem = ({ problems, store }: Slice, name: string, version: string | undefined): RankedProblem => {
  if (version === undefined) {
    problemNamed(problems, name);
    return { name, versions: async () => Promise.resolve(versionsNow({ problems }, name)) };
  }
  return {
    name,
    versions: async () => {
      const known = (await store.versionsOf(name)).map((row) => row.version);
      const found = [...new Set([...known, ...versionsNow({ problems }, name)])].filter((one) => one.startsWith(version));
      if (found.length === 1) return found;
      const those = known.map((one) => one.slice(0, 12)).join(', ') || 'none';
      const what = found.length === 0 ? 'has no version' : 'has several versions';
      throw new KilnError('NOT_FOUND', `problem "${name}" ${what} "${version}"; candidates were submitted for: ${those}`);
    },
  };
};

const versionsNow = ({ problems }: Pick<Slice, 'problems'>, name: string): readonly string[] => {
  const loaded = problems.get(name);
  return TARGETS.flatMap((target) => (loaded?.targets.includes(target) ? [loaded.contentHash(target)] : []));
};
