/**
 * Params of what comes near the best: which point of whose space is tried next, by what it is expected to add to the best. Only sources whose plan names a space. A
 * function of what was added and what was taken; chance comes from the seed and from how much is known.
 */
import { expectedImprovement } from '../../platform/expected-improvement.ts';
import { type Random, randomFrom } from '../../platform/random.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Params } from '../../domain/plan/plan.ts';
import { createSpace, type Space } from '../../domain/sweep/space.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import type { ArchiveEntry, DraftContent } from './entry.ts';
import { type Measured, type ParamEffects, paramEffects } from './param-effects.ts';

/** Sources that are remembered; the slowest go first. */
const SOURCES_MAX = 32;
/** Of them, so many are looked at: the fastest. */
const LOOKED_MAX = 4;
/** What is further behind the best is improved by another idea, not by other numbers. */
const NEAR_SHARE = 0.95;
/** Before anything is learned from them, each param is seen at so many of its values. */
const COVER_PER_AXIS = 2;
const COVER_MIN = 4;
/** More than any gain; and less than a difference between covers. */
const [COVERING, EVEN] = [1000, 1e-6];
/** Logarithm of a gain that is worth a judgement. */
const WORTH = 0.003;
/** Points that are looked at: of larger spaces, drawn ones and the neighbours of the best. */
const POINTS_MAX = 512;
/** Results after which it is learned anew; more as more is known. */
const RELEARN_SHARE = 0.04;
const QUEUED_MAX = 32;
const LOOKS_MAX = 16;
const ENTRIES_MAX = 8192;

/** A candidate that is to be tried. */
export interface ParamTrial extends DraftContent {
  /** Whose params they vary: the fastest of its source. */
  readonly of: CandidateId;
  /** Names of the params that differ from it. */
  readonly changed: readonly string[];
  readonly idea: string;
}

export interface ParamSearch {
  add(entry: ArchiveEntry): void;
  /** Its verdict was taken back. */
  forget(id: CandidateId): void;
  /** Writers repeat themselves: one more point may be tried, though little is expected of it. */
  allow(): void;
  /** Whether something is worth a judgement, or may be tried though it is not. */
  isWaiting(): boolean;
  /** It is asked for: not given again. */
  take(): ParamTrial | null;
}

export interface ParamSearchOptions {
  readonly seed: number;
  /** The plan resolves for the problem. */
  readonly isValid: (draft: DraftContent) => boolean;
}

interface Source extends Pick<DraftContent, 'language' | 'source'> {
  readonly key: string;
  readonly space: Space;
  readonly spaceKey: string;
  readonly fixed: Params;
  readonly entries: Map<
    CandidateId,
    { readonly point: number; readonly value: number | null; readonly idea: string; readonly isEstimate: boolean }
  >;
  readonly asked: Set<number>;
  /** Points that are no candidates. */
  readonly closed: Set<number>;
  /** Logarithm of its best speed-up. */
  best: number;
}

/** With the params of the candidate that was seen. */
type Opened = Source & { readonly effective: Params };

export const createParamSearch = ({ seed, isValid }: ParamSearchOptions): ParamSearch => {
  const sources = new Map<string, Source>();
  const sourceOf = new BoundedMap<CandidateId, string>(ENTRIES_MAX, (id, key) => sources.get(key)?.entries.delete(id));
  let [count, learnedAt] = [0, 0];
  let queue: readonly Trial[] | null = null;
  let allowed = 0;

  const ranked = (): readonly Source[] => [...sources.values()].toSorted((a, b) => b.best - a.best);

  const add = (entry: ArchiveEntry): void => {
    if (sourceOf.get(entry.candidateId) !== undefined) return;
    const opened = openSource(entry);
    const source = opened && (sources.get(opened.key) ?? (entry.speedup === null ? null : opened));
    const point = opened && pointOf(opened);
    if (!source || point === null) return;
    const value = entry.speedup === null ? null : Math.log(entry.speedup);
    sources.set(source.key, source);
    sourceOf.set(entry.candidateId, source.key);
    source.entries.set(entry.candidateId, { point, value, idea: entry.idea, isEstimate: entry.stoppedEarly });
    source.asked.add(point);
    count += 1;
    // Of who was stopped early the speed-up is an estimate: enough to learn from, and no best.
    const reached = entry.stoppedEarly ? -Infinity : (value ?? -Infinity);
    const isBest = [...sources.values()].every(({ best }) => reached > best);
    source.best = Math.max(source.best, reached);
    if (sources.size > SOURCES_MAX) dropSlowest();
    if (isBest || count - learnedAt > learnedAt * RELEARN_SHARE) queue = null;
  };

  const dropSlowest = (): void => {
    const last = ranked().at(-1);
    if (last) sources.delete(last.key);
  };

  const learn = (): readonly Trial[] => {
    learnedAt = count;
    return trialsFrom(ranked(), randomFrom(seed, count));
  };

  const next = (): Trial | null => {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      queue ??= learn();
      const [first] = queue;
      const open = queue.findIndex(({ source, point }) => isOpen(source, point));
      queue = open < 0 ? [] : queue.slice(open);
      if (open >= 0 || first === undefined) break;
      // All of them were closed: others may not be.
      queue = null;
    }
    const first = queue?.[0] ?? null;
    return first !== null && (first.gain >= WORTH || allowed > 0) ? first : null;
  };

  const isOpen = (source: Source, point: number): boolean => {
    if (source.asked.has(point) || source.closed.has(point)) return false;
    if (source.space.isValid(point) && isValid(draftOf(source, point))) return true;
    source.closed.add(point);
    return false;
  };

  return {
    add,
    forget: (id) => {
      const source = sources.get(sourceOf.get(id) ?? '');
      sourceOf.delete(id);
      queue = null;
      if (source)
        source.best = [...source.entries.values()].reduce(
          (most, { value, isEstimate }) => (isEstimate ? most : Math.max(most, value ?? -Infinity)),
          -Infinity,
        );
    },
    allow: () => {
      allowed += 1;
    },
    isWaiting: () => next() !== null,
    take: () => {
      const trial = next();
      if (!trial) return null;
      const { source, point } = trial;
      source.asked.add(point);
      if (trial.gain < WORTH) allowed -= 1;
      // An even cover: the next one goes by this one.
      if (trial.gain >= COVERING) queue = null;
      return trialOf(source, point);
    },
  };
};

/** Null where its plan names nothing to try. Other params than those of the space stay as they are. */
const openSource = ({ language, source, params }: ArchiveEntry): Opened | null => {
  const header = parseHeader(source, language);
  if (!header.ok || Object.keys(header.plan.space ?? {}).length === 0) return null;
  const { space: axes = {}, where = [] } = header.plan;
  const effective = { ...header.plan.params, ...params };
  const fixed = Object.fromEntries(Object.entries(effective).filter(([name]) => !Object.hasOwn(axes, name)));
  const space = createSpace({ axes, where: [...where], fixed });
  const [key, spaceKey] = [JSON.stringify([language, source, fixed]), JSON.stringify([language, axes, where])];
  return {
    key,
    language,
    source,
    effective,
    fixed,
    space,
    spaceKey,
    entries: new Map(),
    asked: new Set(),
    closed: new Set(),
    best: -Infinity,
  };
};

/** Null where it is not in the space. */
const pointOf = ({ space, effective }: Opened): number | null => {
  const places = space.axes.map(({ name, values }) => values.indexOf(effective[name] ?? ''));
  return places.includes(-1) ? null : space.pointAt(places);
};

const measuredOf = ({ entries }: Source): Measured => new Map([...entries.values()].map(({ point, value }) => [point, value]));

interface Trial {
  readonly source: Source;
  readonly point: number;
  readonly gain: number;
}

/** What is worth a judgement, the best first. `ranked`: all sources, the fastest first. */
const trialsFrom = (ranked: readonly Source[], random: Random): readonly Trial[] => {
  const best = ranked[0]?.best ?? -Infinity;
  if (best === -Infinity) return [];
  const near = ranked.slice(0, LOOKED_MAX).filter((source) => source.best >= best + Math.log(NEAR_SHARE));
  return [...Map.groupBy(near, ({ spaceKey }) => spaceKey)]
    .flatMap(([spaceKey, ofSpace]) => {
      const all = ranked.filter((source) => source.spaceKey === spaceKey).toSorted((a, b) => b.entries.size - a.entries.size);
      const space = ofSpace[0]?.space;
      if (!space) return [];
      const effects = paramEffects(space, all.map(measuredOf), random);
      return ofSpace.flatMap((source) => trialsOf({ source, index: all.indexOf(source), effects, best, random }));
    })
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, QUEUED_MAX);
};

interface Looking {
  readonly source: Source;
  readonly index: number;
  readonly effects: ParamEffects;
  /** Logarithm of the best of all. */
  readonly best: number;
  readonly random: Random;
}

const trialsOf = ({ source, index, effects, best, random }: Looking): readonly Trial[] => {
  const { space, asked, closed } = source;
  const points = pointsOf(source, random).filter((point) => !asked.has(point) && !closed.has(point));
  const cover = Math.max(COVER_MIN, COVER_PER_AXIS * space.axes.length);
  // Verdicts of what covers it are on their way; not all of them need pass, nor be told.
  if (effects.measured < cover / 2) return asked.size < cover ? coverOf(source, points, random) : [];
  if (effects.measured < cover && asked.size < cover) return coverOf(source, points, random);
  return points.flatMap((point) => {
    const prediction = effects.predict(index, point);
    return prediction === null ? [] : [{ source, point, gain: expectedImprovement(prediction, best) }];
  });
};

/** The values that were seen least, first. */
const coverOf = (source: Source, points: readonly number[], random: Random): readonly Trial[] => {
  const { space, asked } = source;
  const seen = [...asked].map((point) => space.placesOf(point));
  const newness = (point: number): number =>
    space.placesOf(point).reduce((sum, place, axis) => sum + 1 / (1 + seen.filter((places) => places[axis] === place).length), 0);
  return points.map((point) => ({ source, point, gain: COVERING + newness(point) + EVEN * random() }));
};

/** All of a small space; otherwise what lies one step from the best, and drawn ones. */
const pointsOf = ({ space, entries }: Source, random: Random): readonly number[] => {
  if (space.size <= POINTS_MAX) return Array.from({ length: space.size }, (_, point) => point);
  const best = [...entries.values()].toSorted((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity)).slice(0, LOOKED_MAX);
  const near = best.flatMap(({ point }) => neighboursOf(space, point));
  const drawn = Array.from({ length: POINTS_MAX }, () => Math.floor(random() * space.size));
  return [...new Set([...near, ...drawn])].slice(0, 2 * POINTS_MAX);
};

const neighboursOf = (space: Space, point: number): readonly number[] => {
  const places = space.placesOf(point);
  return space.axes.flatMap(({ values }, axis) =>
    [-1, 1].flatMap((step) => {
      const place = (places[axis] ?? 0) + step;
      return place < 0 || place >= values.length ? [] : [space.pointAt(places.with(axis, place))];
    }),
  );
};

const draftOf = ({ language, source, space, fixed }: Source, point: number): DraftContent => ({
  language,
  source,
  params: { ...fixed, ...space.paramsOf(point) },
});

const trialOf = (source: Source, point: number): ParamTrial | null => {
  const [fastest] = [...source.entries].toSorted(([, a], [, b]) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
  if (!fastest) return null;
  const [of, { point: from, idea }] = fastest;
  const [before, after] = [source.space.paramsOf(from), source.space.paramsOf(point)];
  return { of, ...draftOf(source, point), idea, changed: Object.keys(after).filter((name) => after[name] !== before[name]) };
};
