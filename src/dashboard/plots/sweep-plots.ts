/** A sweep: every point as a line over its params, and the best of two params' values as a map. Pure. */
import type { SweepResult } from '../../domain/sweep/sweep.ts';
import { times } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Box, type Shape } from './shape.ts';
import { linear, ticks } from './scale.ts';

type Point = Pick<SweepResult, 'params' | 'speedup' | 'verdict'>;
type Value = Point['params'][string];

export interface Axis {
  readonly name: string;
  readonly values: readonly Value[];
}

/** Params that differ between points, each with its values in order. */
export const axesOf = (points: readonly Point[]): readonly Axis[] => {
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

/** One path for each fifth of the points, the best on top: ten thousand lines are five elements. */
export const coordinatesPlot = (points: readonly Point[], axes: readonly Axis[], { width, height }: Box): Shape => {
  const passed = points.filter((point) => point.speedup !== null).toSorted((a, b) => (a.speedup ?? 0) - (b.speedup ?? 0));
  const speedups = passed.map(({ speedup }) => speedup ?? 1);
  const x = linear([0, axes.length], [SIDE, width - SIDE]);
  const top = 30;
  const bottom = height - 14;
  const score = linear([Math.min(...speedups, 1), Math.max(...speedups, 1.01)], [bottom, top]);
  const placeOf = axes.map(({ values }) => linear([0, values.length - 1], [bottom - 6, top + 6]));
  const pathOf = (point: Point): string =>
    `${axes
      .map(
        ({ name, values }, index) =>
          `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${(placeOf[index]?.(values.indexOf(point.params[name] ?? '')) ?? 0).toFixed(1)}`,
      )
      .join('')}L${x(axes.length).toFixed(1)} ${score(point.speedup ?? 1).toFixed(1)}`;
  const groups = Array.from({ length: CLASSES }, (_, index) =>
    passed.slice(Math.floor((passed.length * index) / CLASSES), Math.floor((passed.length * (index + 1)) / CLASSES)),
  );
  return drawing(
    { width, height },
    `${passed.length} points over ${axes.map(({ name }) => name).join(', ')}; speed-ups from ${times(speedups[0] ?? 1)} to ${times(speedups.at(-1) ?? 1)}`,
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

interface HeatOptions {
  readonly across: Axis;
  readonly down: Axis;
  readonly width: number;
}

const CELL_HEIGHT = 34;
const HEAT = { left: 84, top: 38 };
const SHADES = 8;
const LIGHT_FROM = 4;

/** The best passed point of each cell; cells where all failed say with what. */
export const heatMap = (points: readonly Point[], { across, down, width }: HeatOptions): Shape => {
  const speedups = points.flatMap(({ speedup }) => speedup ?? []);
  const low = Math.min(...speedups);
  const high = Math.max(...speedups);
  const cellWidth = Math.min(110, (width - HEAT.left) / across.values.length);
  const height = HEAT.top + down.values.length * CELL_HEIGHT + 8;
  return drawing(
    { width, height },
    `Best speed-up by ${across.name} and ${down.name}`,
    [text([HEAT.left, 12], `${across.name} →`, 'strong'), text([0, HEAT.top - 10], `${down.name} ↓`, 'strong')],
    across.values.map((value, index) => text([HEAT.left + (index + 0.5) * cellWidth, HEAT.top - 10], String(value), 'middle')),
    down.values.flatMap((rowValue, row) => [
      text([HEAT.left - 10, HEAT.top + row * CELL_HEIGHT + 21], String(rowValue), 'end'),
      ...across.values.map((value, column) => {
        const here = points.filter(({ params }) => params[across.name] === value && params[down.name] === rowValue);
        return heatCell(here, {
          x: HEAT.left + column * cellWidth,
          y: HEAT.top + row * CELL_HEIGHT,
          width: cellWidth,
          low,
          high,
        });
      }),
    ]),
  );
};

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly low: number;
  readonly high: number;
}

const heatCell = (points: readonly Point[], { x, y, width, low, high }: Cell): Shape => {
  const best = Math.max(...points.flatMap(({ speedup }) => speedup ?? []));
  const frame = { x: x + 1, y: y + 1, width: width - 2, height: CELL_HEIGHT - 2, rx: 4 };
  if (best === -Infinity) {
    const failed = points.find(({ verdict }) => verdict !== null);
    return shape(
      'g',
      {},
      shape('rect', { ...frame, class: failed ? 'failed' : 'none' }, shape('title', {}, failed?.verdict ?? 'no verdict yet')),
    );
  }
  const shade = high > low ? Math.round(((best - low) / (high - low)) * (SHADES - 1)) : SHADES - 1;
  return shape(
    'g',
    {},
    shape('rect', { ...frame, class: `h${shade}` }),
    text([x + width / 2, y + CELL_HEIGHT / 2 + 4], times(best), `heat-text${shade < LIGHT_FROM ? ' dark' : ''}`),
  );
};
