/** What is asked for and is not there, said in one way. */
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';

export const noCandidate = (id: CandidateId): KilnError => new KilnError('NOT_FOUND', `there is no candidate ${id}`);

/** Throws KilnError where it is not known. */
export const problemNamed = (problems: ReadonlyMap<string, LoadedProblem>, name: string): LoadedProblem => {
  const loaded = problems.get(name);
  if (loaded) return loaded;
  throw new KilnError('NOT_FOUND', `there is no problem "${name}"; known are ${[...problems.keys()].join(', ')}`);
};
