/**
 * A generator without a model: it varies what its parents declare to be variable, params and marked regions. The same context gives the
 * same draft. It never writes what a parent or one of its own last tries was: when nothing new is near, it jumps further.
 */
import { type Draft, IDEA_CHARS_MAX, NO_USAGE } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { Answer, Reserve, Generator } from '../generator.ts';
import { below, type Random, randomFrom } from '../../platform/random.ts';
import { cross } from '../variation/cross.ts';
import { repair } from '../variation/repair.ts';
import { firstPoint } from '../variation/points.ts';
import { canMutate, mutate } from '../variation/mutate.ts';
import { resolves } from '../variation/resolves.ts';
import { type Change, keyOf, type Parent, parentOf } from '../variation/variation.ts';

/** Tries before it says that there is nothing new. Each is a little bolder. */
const TRIES_MAX = 200;
/** So many tries of each boldness. */
const TRIES_PER_CHANGE = 8;
/** Shares of steps with one change, two, three …: most gains are single ones, some need two params to move together. */
const STEP_CUTS = [0.5, 0.78, 0.9, 0.96] as const;

export const createEvolve = (): Generator => ({
  name: 'evolve',
  kind: 'evolve',
  unavailable: null,
  isPaid: false,
  readsProfiles: false,
  reserveMicros: () => 0,
  next: (context, signal, reserve = () => true) =>
    Promise.resolve(signal.aborted ? failed('stopped', 'stopped before it began') : evolve(context, reserve)),
});

const evolve = (context: GenerationContext, reserve: Reserve): Answer => {
  const usable = context.parents.filter(({ language }) => context.languages.includes(language));
  const parents = usable.map(parentOf).filter((parent) => parent !== null);
  const [first] = parents;
  if (!first)
    return failed(
      'exhausted',
      'evolve changes what exists and was given no parent with a launch plan: start the campaign from one',
    );
  const random = randomFrom(context.seed);
  const isGood = (change: Change): boolean =>
    isNew(change, context, parents) && resolves(change.variant, context.problem) && reserve(change.variant);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const change = vary({ ...context, parents: [first, ...parents.slice(1)], tries }, random);
    if (change && isGood(change)) return { ok: true, draft: draftOf(change, context), usage: NO_USAGE };
  }
  const left = firstPoint(first, isGood);
  if (left) return { ok: true, draft: draftOf(left, context), usage: NO_USAGE };
  return failed('exhausted', parents.some(canMutate) ? USED_UP : NOTHING_TO_VARY);
};

const USED_UP = 'the space of this source is used up: all of it was tried; widen its "space", or mark more regions';
const NOTHING_TO_VARY =
  'the parent has no params and no marked regions, so there is nothing to vary: declare "params" (and "space") in its plan, or mark regions with "// kiln: region NAME" … "// kiln: end NAME"';

interface Variation {
  readonly move: GenerationContext['move'];
  readonly parents: readonly [Parent, ...Parent[]];
  readonly tries: number;
}

const vary = ({ move, parents: [first, second], tries }: Variation, random: Random): Change | null => {
  const bolder = Math.floor(tries / TRIES_PER_CHANGE);
  if (bolder === 0 && move === 'cross' && second) return cross(first, second, random);
  if (bolder === 0 && move === 'repair') return repair(first, second ?? null, random);
  const from = second && !canMutate(first) ? second : first;
  return mutate(from, stepOf(random) + bolder + (move === 'new' ? 2 : 0), random);
};

const stepOf = (random: Random): number => {
  const drawn = random();
  const step = STEP_CUTS.findIndex((cut) => drawn < cut);
  return step < 0 ? STEP_CUTS.length + 1 + below(random, STEP_CUTS.length) : step + 1;
};

/** Unlike the parents, and not of the same params as a try of ours that is remembered: its verdict is known. */
const isNew = ({ variant }: Change, { attempts }: GenerationContext, parents: readonly Parent[]): boolean => {
  if (parents.some((parent) => keyOf(parent) === keyOf(variant))) return false;
  if (parents.some(({ source }) => source !== variant.source)) return true;
  const params = keyOf({ ...variant, source: '' });
  return attempts.every((attempt) => keyOf({ ...variant, source: '', params: attempt.params }) !== params);
};

const draftOf = ({ variant, note, changed }: Change, { move }: GenerationContext): Draft => ({
  ...variant,
  idea: [...new Set(changed)].join(', ').slice(0, IDEA_CHARS_MAX),
  note: `${move}: ${note}`.slice(0, NOTE_CHARS),
});

const NOTE_CHARS = 2000;

const failed = (failure: 'exhausted' | 'stopped', message: string): Answer => ({ ok: false, failure, message, usage: NO_USAGE });
