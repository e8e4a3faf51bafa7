/**
 * A bank of kernels with known effects, for search policies to be compared on without a device or a service: a real source of kernels/ whose whole space of
 * params was judged once (bench/search/spaces), times the ideas that were applied to it. What ideas gain, and how often they come out right, is drawn from the seed:
 * nothing of that was measured.
 */
import { readFileSync } from 'node:fs';
import type { Params } from '../../../src/domain/plan/plan.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { pick, randomFrom } from '../../../src/platform/random.ts';
import { type KnownSpace, knownSpaces } from '../recorded-space.ts';

/** Factors on the speed-up: a few ideas gain much, most gain little or nothing, some lose. */
const GAINS = [1.3, 1.2, 1.12, 1.08, 1.05, 1, 1, 1, 0.97, 0.92, 0.85, 0.7];
/** A harder idea comes out right less often, the first time that it is written. */
const RIGHT_LEAST = 0.3;
const RIGHT_MOST = 0.85;

/** The source whose space was judged. */
const BASES: Readonly<Record<string, string>> = {
  rmsnorm: 'evolve/start.c',
  softmax: 'seeds/2-vectors.c',
  vector_add: 'seeds/2-vectors.c',
};

export interface Idea {
  readonly name: string;
  readonly gain: number;
  /** Chance that it is right when it is first written. */
  readonly right: number;
}

export interface Bank {
  readonly problem: string;
  readonly base: string;
  readonly ideas: readonly Idea[];
  readonly best: number;
  /** Null: it does not pass. */
  speedupOf(source: string, params: Params): number | null;
}

const NAMES = [
  'prefetch',
  'unrolling',
  'fusing',
  'alignment',
  'reordering',
  'blocking',
  'packing',
  'hoisting',
  'padding',
  'splitting',
  'inlining',
  'caching',
];

/** Where ideas and params do not add up: what an idea gains depends on the params, and some ideas spoil one another. */
const INTERPLAY = 0.01;
const RIVALS = 3;
const RIVALRY = 0.85;

interface Interplay {
  /** Of a set of ideas at a point, a factor. */
  factorOf(names: readonly string[], params: Params): number;
}

const NO_INTERPLAY: Interplay = { factorOf: () => 1 };

const interplayOf = (ideas: readonly Idea[], seed: number): Interplay => {
  const random = randomFrom(seed, INTERPLAY_SALT);
  const names = ideas.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1));
  const rivals = Array.from({ length: RIVALS }, () => [pick(random, names), pick(random, names)] as const);
  const shifts = new Map<string, number>();
  // Drawn by a hash of the words, so that a value need not be known before.
  const shiftOf = (key: string): number => {
    const known = shifts.get(key) ?? INTERPLAY * (2 * randomFrom(seed, ...Buffer.from(key))() - 1) * Math.sqrt(3);
    shifts.set(key, known);
    return known;
  };
  return {
    factorOf: (own, params) => {
      const spoiled = rivals.filter(([a, b]) => a !== b && own.includes(a ?? '') && own.includes(b ?? '')).length;
      const shift = own.reduce(
        (sum, name) => Object.entries(params).reduce((all, [axis, value]) => all + shiftOf(`${name} ${axis} ${value}`), sum),
        0,
      );
      return RIVALRY ** spoiled * Math.exp(shift);
    },
  };
};

const INTERPLAY_SALT = 77;

export interface BankWish {
  /** Ideas and params do not add up. */
  readonly isRugged?: boolean;
  /** Exponent on what ideas gain: 1 as above, 0.1 where next to nothing is left to be gained. */
  readonly worth?: number;
}

export const bankOf = (problem: string, seed: number, { isRugged = false, worth = 1 }: BankWish = {}): Bank => {
  const base = readFileSync(`kernels/${problem}/${BASES[problem] ?? ''}`, 'utf8');
  const known = knownSpaces().find(({ name }) => name === `cpu-${problem}`);
  if (known === undefined) throw new Error(`no recorded space of ${problem}`);
  const random = randomFrom(seed);
  const ideas = NAMES.map((name, index) => ({
    name,
    gain: (GAINS[index] ?? 1) ** worth,
    right: RIGHT_LEAST + (RIGHT_MOST - RIGHT_LEAST) * random(),
  })).toSorted(() => random() - 0.5);
  const interplay = isRugged ? interplayOf(ideas, seed) : NO_INTERPLAY;
  return {
    problem,
    base,
    ideas,
    best: bestOf(known, { base, ideas, interplay }),
    speedupOf: (source, params) => {
      const point = pointSpeedup(known, source, params);
      if (point === null || isBroken(source)) return null;
      const own = ideasIn(source);
      const gain = own.reduce((product, name) => product * (ideas.find((idea) => idea.name === name)?.gain ?? 1), point);
      return gain * interplay.factorOf(own, effective(source, params));
    },
  };
};

interface Known {
  readonly base: string;
  readonly ideas: readonly Idea[];
  readonly interplay: Interplay;
}

/** Of all sets of ideas at the points that the source's own plan names. */
const bestOf = (known: KnownSpace, { base, ideas, interplay }: Known): number => {
  const header = parseHeader(base, 'c');
  const axes = header.ok ? Object.entries(header.plan.space ?? {}) : [];
  const points = axes.reduce<readonly Params[]>(
    (all, [name, values]) => all.flatMap((params) => values.map((value) => ({ ...params, [name]: value }))),
    [{}],
  );
  const sets =
    interplay === NO_INTERPLAY ? [ideas.filter(({ gain }) => gain > 1)] : subsets(ideas.filter(({ gain }) => gain >= LEAST_KEPT));
  let best = 0;
  for (const params of points) {
    const point = pointSpeedup(known, base, params) ?? 0;
    for (const set of sets) {
      const gain = set.reduce((product, idea) => product * idea.gain, point);
      best = Math.max(
        best,
        gain *
          interplay.factorOf(
            set.map(({ name }) => name),
            effective(base, params),
          ),
      );
    }
  }
  return best;
};

/** What loses more than this is part of no best set. */
const LEAST_KEPT = 0.97;

const subsets = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.reduce<readonly (readonly T[])[]>((all, item) => [...all, ...all.map((set) => [...set, item])], [[]]);

const effective = (source: string, params: Params): Params => {
  const header = parseHeader(source, 'c');
  return { ...(header.ok ? header.plan.params : {}), ...params };
};

/** Of the recorded space; what the space does not hold does not pass. */
const pointSpeedup = ({ space, valueOf }: KnownSpace, source: string, params: Params): number | null => {
  const header = parseHeader(source, 'c');
  if (!header.ok) return null;
  const all = { ...header.plan.params, ...params };
  const places = space.axes.map(({ name, values }) => values.indexOf(all[name] ?? ''));
  if (places.includes(-1)) return null;
  const value = valueOf(space.pointAt(places));
  return value === null ? null : Math.exp(value);
};

const MARK = /^static const int idea_(\w+) = (\d+);$/gmu;

/** An idea stands in the source as a line of its own; one that is wrong yet has a 0. */
export const withIdea = (source: string, name: string, isRight: boolean): string =>
  `${source.replaceAll(new RegExp(`^static const int idea_${name} = \\d+;\\n`, 'gmu'), '')}static const int idea_${name} = ${isRight ? 1 : 0};\n`;

export const ideasIn = (source: string): readonly string[] => [...source.matchAll(MARK)].map(([, name = '']) => name);
export const brokenIn = (source: string): readonly string[] =>
  [...source.matchAll(MARK)].flatMap(([, name = '', value]) => (value === '0' ? [name] : []));
const isBroken = (source: string): boolean => brokenIn(source).length > 0;
