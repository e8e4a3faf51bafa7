/** A sweep: every point as a line over its params. Pure. */
import type { SweepResult } from '../../domain/sweep/sweep.ts';
import { times } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Box, type Shape } from './shape.ts';
import { linear, ticks } from './scale.ts';

export type PlottedPoint = Pick<SweepResult, 'params' | 'speedup' | 'verdict'>;
type Value = PlottedPoint['params'][string];

export interface Axis {
  readonly name: string;
  readonly values: readonly Value[];
}

/** Params that differ between points, each with its values in order. */
export const axesOf = (points: readonly PlottedPoint[]): readonly Axis[] => {
  const names = new Set(points.flatMap(({ params }) => Object.keys(params)));
  return [...names].flatMap((name) => {
    const values = [...new Set(points.flatMap(({ params }) => params[name] ?? []))].toSorted(byValue);
    return values.length > 1 ? [{ name, values }] : [];
  });
};

const byValue = (a: Value, b: Value): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });

const CLASSES = 5;
const SIDE = 46;
/** More lie upon each other, and the daemon draws them beside its work. */
const LINES_MAX = 20_000;

/** One path for each fifth of the points, the best on top: ten thousand lines are five elements. */
export const coordinatesPlot = (points: readonly PlottedPoint[], axes: readonly Axis[], { width, height }: Box): Shape => {
  const passed = points.filter((point) => point.speedup !== null).toSorted((a, b) => (a.speedup ?? 0) - (b.speedup ?? 0));
  const [worst, best] = [passed[0]?.speedup ?? 1, passed.at(-1)?.speedup ?? 1];
  const x = linear([0, axes.length], [SIDE, width - SIDE]);
  const top = 30;
  const bottom = height - 14;
  const score = linear([Math.min(worst, 1), Math.max(best, 1.01)], [bottom, top]);
  const placeOf = axes.map(({ values }) => linear([0, values.length - 1], [bottom - 6, top + 6]));
  const indexOf = axes.map(({ values }) => new Map(values.map((value, index) => [value, index])));
  const pathOf = (point: PlottedPoint): string =>
    `${axes
      .map(
        ({ name }, index) =>
          `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${(placeOf[index]?.(indexOf[index]?.get(point.params[name] ?? '') ?? -1) ?? 0).toFixed(1)}`,
      )
      .join('')}L${x(axes.length).toFixed(1)} ${score(point.speedup ?? 1).toFixed(1)}`;
  const each = Math.max(1, Math.ceil(passed.length / LINES_MAX));
  // The best is among them.
  const drawn = passed.filter((_, index) => (passed.length - 1 - index) % each === 0);
  const groups = Array.from({ length: CLASSES }, (_, index) =>
    drawn.slice(Math.floor((drawn.length * index) / CLASSES), Math.floor((drawn.length * (index + 1)) / CLASSES)),
  );
  return drawing(
    { width, height },
    `${passed.length} points over ${axes.map(({ name }) => name).join(', ')}; speed-ups from ${times(worst)} to ${times(best)}${each === 1 ? '' : `; ${drawn.length} of them are drawn`}`,
    groups.map((group, index) => shape('path', { class: `coordinate p${index}`, d: group.map(pathOf).join('') })),
    axes.flatMap((axis, index) => axisShapes(axis, { x: x(index), top, bottom, y: placeOf[index] ?? score })),
    [
      line([x(axes.length), top], [x(axes.length), bottom], 'axis'),
      text([x(axes.length), top - 14], 'speed-up', 'middle strong'),
    ],
    ticks(score, 5).map((value) => text([x(axes.length) + 8, score(value) + 4], `${Number(value.toFixed(2))}x`)),
  );
};

const axisShapes = (
  { name, values }: Axis,
  {
    x,
    top,
    bottom,
    y,
  }: { readonly x: number; readonly top: number; readonly bottom: number; readonly y: (index: number) => number },
): readonly Shape[] => {
  const each = Math.ceil(values.length / 12);
  return [
    line([x, top], [x, bottom], 'axis'),
    text([x, top - 14], name, 'middle strong'),
    ...values.flatMap((value, index) => (index % each === 0 ? [text([x - 8, y(index) + 4], String(value), 'end')] : [])),
  ];
};
