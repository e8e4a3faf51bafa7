/** Whether there is anything left to find for one problem on one device class. Pure. */
import type { Generator, GeneratorSet } from '../../generator.ts';
import type { Thinking } from './campaign-run.ts';
import type { Target } from './targets.ts';

/** Copies in a row, before a search counts as exhausted. */
const COPIES_MAX = 500;
const HOW_TO_WIDEN = 'widen "space" in the plan, mark more regions, or add a generator that writes';
const HOW_TO_MARK =
  'declare "params" (and "space") in a plan or mark regions with "// kiln: region NAME" ... "// kiln: end NAME", and begin with it (start.sources)';

/** Who only varies is asked only while there is something to vary. */
export const canAsk = ({ copies, archive }: Target, { kind }: Pick<Generator, 'kind'>): boolean =>
  copies < COPIES_MAX && (kind !== 'evolve' || archive.canVary());

/** Why nobody can be asked for this target any more, unless what is on its way changes that; null while somebody can. */
export const endOf = (run: Pick<Thinking, 'asking'>, target: Target, { byName }: Pick<GeneratorSet, 'byName'>): string | null => {
  if (target.copies >= COPIES_MAX) return `nothing new is found: the last ${target.copies} answers were known content`;
  const isVarying = [...run.asking.keys()].every((name) => byName.get(name)?.kind === 'evolve');
  if (!isVarying || target.startsLeft > 0 || target.archive.canVary()) return null;
  if (target.archive.best() === null)
    return 'nothing can be varied: no candidate has passed, and "evolve" writes none from nothing';
  const used = target.archive.usedUp();
  if (used > 0)
    return `the space is used up: all that can be varied in ${used === 1 ? 'the candidate' : `the ${used} candidates`} that passed was tried; ${HOW_TO_WIDEN}`;
  return `nothing can be varied: no candidate that passed has params or marked regions; ${HOW_TO_MARK}`;
};
