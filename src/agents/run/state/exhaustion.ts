/** Whether there is anything left to find for one problem on one device class. Pure. */
import type { Generator, GeneratorSet } from '../../generator.ts';
import type { Thinking } from './campaign-run.ts';
import { type Target, TUNER } from './targets.ts';

/** Copies in a row, before a search counts as exhausted: each was paid for where answers cost money, and its writer was told. */
const COPIES_MAX = 500;
const PAID_COPIES_MAX = 40;
const HOW_TO_WIDEN = 'widen "space" in the plan, mark more regions, or add a generator that writes';
const HOW_TO_MARK =
  'declare "params" (and "space") in a plan or mark regions with "// kiln: region NAME" ... "// kiln: end NAME", and begin with it (start.sources)';

/** Who only varies is asked only while there is something to vary. */
export const canAsk = ({ copies, archive }: Target, generator: Pick<Generator, 'kind' | 'isPaid'>): boolean =>
  copies < copiesMax(generator) && (generator.kind !== 'evolve' || archive.canVary());

/** Params of somebody are to be tried, and there is who does. */
export const isTuning = ({ tuning }: Pick<Target, 'tuning'>, { byName }: Pick<GeneratorSet, 'byName'>): boolean =>
  tuning.isWaiting() && byName.get(TUNER)?.unavailable === null;

const copiesMax = ({ isPaid }: Pick<Generator, 'isPaid'>): number => (isPaid ? PAID_COPIES_MAX : COPIES_MAX);

/** Why nobody can be asked for this target any more, unless what is on its way changes that; null while somebody can. */
export const endOf = (run: Pick<Thinking, 'asking'>, target: Target, { byName }: Pick<GeneratorSet, 'byName'>): string | null => {
  if (isTuning(target, { byName })) return null;
  const most = Math.max(...[...run.asking.keys()].map((name) => copiesMax(byName.get(name) ?? { isPaid: false })));
  if (target.copies >= most) return `nothing new is found: the last ${target.copies} answers were known content`;
  const isVarying = [...run.asking.keys()].every((name) => byName.get(name)?.kind === 'evolve');
  if (!isVarying || target.startsLeft > 0 || target.archive.canVary()) return null;
  if (target.archive.best() === null)
    return 'nothing can be varied: no candidate has passed, and "evolve" writes none from nothing';
  const used = target.archive.usedUp();
  if (used > 0)
    return `the space is used up: all that can be varied in ${used === 1 ? 'the candidate' : `the ${used} candidates`} that passed was tried; ${HOW_TO_WIDEN}`;
  return `nothing can be varied: no candidate that passed has params or marked regions; ${HOW_TO_MARK}`;
};
