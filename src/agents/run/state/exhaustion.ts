/** Whether there is anything left to find for one problem on one device class. Pure. */
import type { Generator, GeneratorSet } from '../../generator.ts';
import type { Findings } from './campaign-run.ts';
import { type Target, TUNER } from './targets.ts';

/** Copies in a row, before a search counts as exhausted: each was paid for where answers cost money, and its writer was told. */
const COPIES_MAX = 500;
const PAID_COPIES_MAX = 40;
const HOW_TO_WIDEN = 'widen "space" in the plan, mark more regions, or add a generator that writes';
const HOW_TO_MARK =
  'declare "params" (and "space") in a plan or mark regions with "// kiln: region NAME" ... "// kiln: end NAME", and begin with it (start.sources)';

type Asked = Pick<Generator, 'name' | 'kind' | 'isPaid'>;
type Searched = Pick<Target, 'copies' | 'archive'>;

/** Who only varies is asked only while there is something to vary. */
export const canAsk = (target: Searched, generator: Asked): boolean =>
  !isRepeating(target, generator) && !isWithoutVariants(target, generator);

/** Each by its own answers: who varies for nothing must not end what somebody writes for money, nor go on because of it. */
const isRepeating = ({ copies }: Searched, generator: Asked): boolean =>
  (copies.get(generator.name) ?? 0) >= copiesMax(generator);
const isWithoutVariants = ({ archive }: Searched, { kind }: Asked): boolean => kind === 'evolve' && !archive.canVary();

/** Params of somebody are to be tried, and there is who does. */
export const isTuning = ({ params }: Pick<Target, 'params'>, { byName }: Pick<GeneratorSet, 'byName'>): boolean =>
  byName.get(TUNER)?.unavailable === null && params !== null && params.isWaiting();

const copiesMax = ({ isPaid }: Pick<Generator, 'isPaid'>): number => (isPaid ? PAID_COPIES_MAX : COPIES_MAX);

/** Why nobody can be asked for this target any more, unless what is on its way changes that; null while somebody can. */
export const endOf = (
  run: { readonly targets: Findings['targets']; readonly roster: Pick<Findings['roster'], 'generatorsOf'> },
  target: Target,
  { byName }: Pick<GeneratorSet, 'byName'>,
): string | null => {
  if (isTuning(target, { byName }) || target.startsLeft > 0) return null;
  const names = run.roster.generatorsOf(run.targets.indexOf(target));
  const asked = names.map((name): Asked => byName.get(name) ?? { name, kind: 'command', isPaid: false });
  if (asked.some((generator) => canAsk(target, generator))) return null;
  const repeating = asked.filter((generator) => isRepeating(target, generator));
  return repeating.length > 0 ? repeatingText(target, repeating) : withoutVariantsText(target);
};

const repeatingText = ({ copies }: Target, repeating: readonly Asked[]): string => {
  const answers = repeating.map(
    ({ name }) => `the last ${copies.get(name)} answers${repeating.length === 1 ? '' : ` of ${name}`}`,
  );
  return `nothing new is found: ${answers.join(' and ')} were known content`;
};

const withoutVariantsText = (target: Target): string => {
  if (target.archive.best() === null)
    return 'nothing can be varied: no candidate has passed, and "evolve" writes none from nothing';
  const used = target.archive.usedUp();
  if (used > 0)
    return `the space is used up: all that can be varied in ${used === 1 ? 'the candidate' : `the ${used} candidates`} that passed was tried; ${HOW_TO_WIDEN}`;
  return `nothing can be varied: no candidate that passed has params or marked regions; ${HOW_TO_MARK}`;
};
