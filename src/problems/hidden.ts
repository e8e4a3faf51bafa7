/**
 * The case whose shape nobody knows ahead: drawn anew for every judgement within the bounds that the problem declares, with the inputs of one of its check
 * cases. What is special about declared shapes does not help there. Where what judges is recorded, it is one of a set that was drawn before. Pure.
 */
import { HIDDEN_SET_CASES, type HiddenBounds, type Problem, type ProblemCase } from '../domain/problem.ts';

/** A whole number from 0 to below `below`, every one equally likely. */
export type RandomInt = (below: number) => number;
export type HiddenCase = ProblemCase;

/** What a problem's own programs are recorded for beside its cases; a judgement takes one of them. Not empty, each name once. */
export interface HiddenSet {
  readonly cases: readonly HiddenCase[];
}

const lowest = ({ min, multiple_of: step }: HiddenBounds): number => Math.ceil(min / step) * step;
const highest = ({ max, multiple_of: step }: HiddenBounds): number => Math.floor(max / step) * step;

/** Undefined for a problem that declares no bounds. */
export const drawHidden = ({ hidden, check }: Problem, randomInt: RandomInt): HiddenCase | undefined => {
  if (hidden === undefined) return undefined;
  const shape = Object.fromEntries(
    Object.entries(hidden).map(([name, bounds]) => {
      const steps = (highest(bounds) - lowest(bounds)) / bounds.multiple_of;
      return [name, lowest(bounds) + bounds.multiple_of * randomInt(steps + 1)];
    }),
  );
  const hard = check.filter(({ distributions }) => distributions !== undefined);
  const like = [undefined, ...hard][randomInt(hard.length + 1)];
  return { name: nameOf(shape, like?.name), shape, ...(like?.distributions && { distributions: like.distributions }) };
};

/** Narrow bounds may hold fewer than HIDDEN_SET_CASES. `canBe`: others are drawn for those that cannot. Undefined where there are none. */
export const drawHiddenSet = (
  problem: Problem,
  randomInt: RandomInt,
  canBe: (item: HiddenCase) => boolean = () => true,
): HiddenSet | undefined => {
  const drawn = new Map<string, HiddenCase>();
  for (let draw = 0; draw < HIDDEN_DRAWS_MAX && drawn.size < HIDDEN_SET_CASES; draw += 1) {
    const item = drawHidden(problem, randomInt);
    if (item && canBe(item)) drawn.set(item.name, item);
  }
  return drawn.size === 0 ? undefined : { cases: [...drawn.values()] };
};

/** A shape that was drawn before is drawn again now and then. */
export const HIDDEN_DRAWS_MAX = 4 * HIDDEN_SET_CASES;

/** "hidden(n=17)", "hidden(n=17, as all_magnitudes)". */
const nameOf = (shape: ProblemCase['shape'], like: string | undefined): string => {
  const sizes = Object.entries(shape).map(([name, value]) => `${name}=${value}`);
  return `hidden(${[...sizes, ...(like === undefined ? [] : [`as ${like}`])].join(', ')})`;
};

/**
 * Shapes that tell ahead whether a plan resolves: the smallest, the next and the largest. A value that is a multiple of 16 in the first two is one in
 * all of them.
 */
export const hiddenProbes = ({ hidden }: Problem): readonly HiddenCase[] => {
  if (hidden === undefined) return [];
  const corner = (of: (bounds: HiddenBounds) => number): HiddenCase => {
    const shape = Object.fromEntries(Object.entries(hidden).map(([name, bounds]) => [name, of(bounds)]));
    return { name: nameOf(shape, undefined), shape };
  };
  return [corner(lowest), corner((bounds) => Math.min(highest(bounds), lowest(bounds) + bounds.multiple_of)), corner(highest)];
};
