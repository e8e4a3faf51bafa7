/** POST /v1/problems/reload: the folders of problems are read again. What waits keeps the version that it was submitted for, and so do rankings. */
import type { ProblemsReloaded, RefusedProblem } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { ReloadSlice } from '../state.ts';

/** Idempotent. A folder that cannot be read keeps the problem as it was before. */
export const reloadProblems = async (state: ReloadSlice): Promise<ProblemsReloaded> => {
  const { library } = state;
  if (library.read === null)
    throw new KilnError(
      'INVALID_REQUEST',
      'this daemon was started without a folder of problems: there is nothing to read again',
    );
  const { problems: read, refused } = library.read();
  const before = new Map(state.problems);
  const after = withKept(before, read, refused);
  const changes = changesBetween(before, after);
  const news = [...changes.added, ...changes.changed].flatMap((name) => after.get(name) ?? []);
  // First what can fail: from there on all of it changes in one moment, or nothing does.
  for (const loaded of news) {
    await state.recordHolders.ensureProblem(loaded);
    await state.fronts.ensureProblem(loaded);
  }
  await state.versions.keep([...after.values()]);
  for (const name of changes.removed) library.current.delete(name);
  for (const loaded of news) replace(state, loaded);
  library.refused = refused;
  const answer = { ...changes, refused: [...refused] };
  note(state, answer);
  return answer;
};

/** What passed of the version before says nothing of its baseline now. */
const replace = ({ library, proven }: ReloadSlice, loaded: LoadedProblem): void => {
  const { name } = loaded.problem;
  for (const proof of proven) if (proof.endsWith(` ${name}`)) proven.delete(proof);
  library.current.set(name, loaded);
};

const withKept = (
  before: ReadonlyMap<string, LoadedProblem>,
  read: ReadonlyMap<string, LoadedProblem>,
  refused: readonly RefusedProblem[],
): ReadonlyMap<string, LoadedProblem> => {
  const kept = refused.flatMap(({ name }) => {
    const loaded = before.get(name);
    return loaded ? [[name, loaded] as const] : [];
  });
  return new Map([...read, ...kept]);
};

const changesBetween = (
  before: ReadonlyMap<string, LoadedProblem>,
  after: ReadonlyMap<string, LoadedProblem>,
): Omit<ProblemsReloaded, 'refused'> => {
  const stays = [...after.keys()].filter((name) => before.has(name));
  const changed = stays.filter((name) => !isSame(before.get(name), after.get(name)));
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    changed,
    removed: [...before.keys()].filter((name) => !after.has(name)),
    unchanged: stays.length - changed.length,
  };
};

/** With its seeds and its readme, which change no verdict. */
const isSame = (one: LoadedProblem | undefined, other: LoadedProblem | undefined): boolean =>
  one !== undefined && other !== undefined && textOf(one) === textOf(other);

const textOf = ({ problem, readme, files }: LoadedProblem): string => JSON.stringify({ problem, readme, files });

const note = (state: ReloadSlice, answer: ProblemsReloaded): void => {
  state.log.info(answer, 'the problems were read again');
  state.writeBehind.add({
    type: 'event',
    event: { type: 'problems.reloaded', candidateId: null, hostId: null, data: { ...answer } },
  });
  state.notify();
};
