/** A random forest over places on axes: what a point may come to, and how sure that is. Pure. */
import { below, type Random } from './random.ts';

export interface Sample {
  readonly places: readonly number[];
  readonly value: number;
}

export interface Prediction {
  readonly mean: number;
  readonly deviation: number;
}

export interface Forest {
  predict(places: readonly number[]): Prediction;
}

const TREES = 24;
const LEAF_MAX = 3;
const DEPTH_MAX = 24;
/** Cuts that are looked at on an axis. */
const CUTS_MAX = 12;

type Tree =
  | { readonly mean: number }
  | { readonly axis: number; readonly cut: number; readonly isList: boolean; readonly low: Tree; readonly high: Tree };

interface Growing {
  readonly random: Random;
  /** Axes without an order are cut by one value against all others. */
  readonly isList: readonly boolean[];
}

export const growForest = (samples: readonly Sample[], growing: Growing): Forest => {
  const trees = Array.from({ length: TREES }, () =>
    grow(
      Array.from(samples, () => samples[below(growing.random, samples.length)]).filter((sample) => sample !== undefined),
      growing,
      0,
    ),
  );
  return {
    predict: (places) => {
      let [sum, squares] = [0, 0];
      for (const tree of trees) {
        const value = valueAt(tree, places);
        sum += value;
        squares += value * value;
      }
      const mean = sum / trees.length;
      return { mean, deviation: Math.sqrt(Math.max(0, squares / trees.length - mean * mean)) };
    },
  };
};

const valueAt = (tree: Tree, places: readonly number[]): number => {
  let node = tree;
  while ('axis' in node) {
    const place = places[node.axis] ?? 0;
    node = (node.isList ? place === node.cut : place <= node.cut) ? node.low : node.high;
  }
  return node.mean;
};

const grow = (samples: readonly Sample[], growing: Growing, depth: number): Tree => {
  if (samples.length <= LEAF_MAX || depth >= DEPTH_MAX) return { mean: meanOf(samples) };
  const split = bestSplit(samples, growing);
  if (split === null) return { mean: meanOf(samples) };
  const [low, high] = parted(samples, split);
  return { ...split, low: grow(low, growing, depth + 1), high: grow(high, growing, depth + 1) };
};

interface Split {
  readonly axis: number;
  readonly cut: number;
  readonly isList: boolean;
}

const parted = (samples: readonly Sample[], split: Split): readonly [readonly Sample[], readonly Sample[]] => {
  const [low, high]: [Sample[], Sample[]] = [[], []];
  for (const sample of samples) (isLow(sample, split) ? low : high).push(sample);
  return [low, high];
};

const isLow = ({ places }: Sample, { axis, cut, isList }: Split): boolean =>
  isList ? places[axis] === cut : (places[axis] ?? 0) <= cut;

/** Of a random part of the axes, the cut after which both sides differ least from their means. */
const bestSplit = (samples: readonly Sample[], { random, isList }: Growing): Split | null => {
  let best: { readonly split: Split; readonly gain: number } | null = null;
  const wanted = Math.max(1, Math.ceil(isList.length * (2 / 3)));
  for (const axis of drawAxes(isList.length, wanted, random)) {
    for (const cut of cutsOf(samples, axis, random)) {
      const split = { axis, cut, isList: isList[axis] ?? false };
      const gain = gainOf(samples, split);
      if (gain > (best?.gain ?? 1e-12)) best = { split, gain };
    }
  }
  return best?.split ?? null;
};

const drawAxes = (count: number, wanted: number, random: Random): readonly number[] => {
  const axes = Array.from({ length: count }, (_, axis) => axis);
  for (let at = 0; at < wanted; at += 1) {
    const other = at + below(random, count - at);
    [axes[at], axes[other]] = [axes[other] ?? 0, axes[at] ?? 0];
  }
  return axes.slice(0, wanted);
};

const cutsOf = (samples: readonly Sample[], axis: number, random: Random): readonly number[] => {
  const places = [...new Set(samples.map((sample) => sample.places[axis] ?? 0))];
  if (places.length < 2) return [];
  if (places.length <= CUTS_MAX) return places;
  return Array.from({ length: CUTS_MAX }, () => places[below(random, places.length)] ?? 0);
};

/** How much of the variance the cut explains. */
const gainOf = (samples: readonly Sample[], split: Split): number => {
  let [lowCount, lowSum, sum] = [0, 0, 0];
  for (const sample of samples) {
    sum += sample.value;
    if (!isLow(sample, split)) continue;
    lowCount += 1;
    lowSum += sample.value;
  }
  const highCount = samples.length - lowCount;
  if (lowCount === 0 || highCount === 0) return 0;
  const highSum = sum - lowSum;
  return lowSum ** 2 / lowCount + highSum ** 2 / highCount - sum ** 2 / samples.length;
};

const meanOf = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { value }) => sum + value, 0) / Math.max(1, samples.length);
