/** A failed candidate, some way back towards the one it came from. Pure; chance comes in. */
import { below, type Random, sample } from '../../platform/random.ts';
import { mutate } from './mutate.ts';
import type { Change, Parent } from './variation.ts';

/** Takes back some of what was changed, so that what worked of it may stay; where that is not known or was one thing, changes another. */
export const repair = (failed: Parent, working: Parent | null, random: Random): Change | null => {
  const changed = working === null || working.source !== failed.source ? [] : differing(failed, working);
  if (working === null || changed.length < 2) return mutate(failed, 1 + below(random, 2), random);
  const back = sample(random, changed, 1 + below(random, changed.length - 1));
  return {
    variant: {
      ...failed,
      params: { ...failed.params, ...Object.fromEntries(back.map((name) => [name, working.params[name] ?? 0])) },
    },
    note: `back to what worked: ${back.map((name) => `${name} ${working.params[name]}`).join(', ')}`,
    changed: changed.filter((name) => !back.includes(name)),
  };
};

const differing = (failed: Parent, working: Parent): readonly string[] =>
  Object.keys(failed.params).filter(
    (name) => Object.hasOwn(working.params, name) && working.params[name] !== failed.params[name],
  );
