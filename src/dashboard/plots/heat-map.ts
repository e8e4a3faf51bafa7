/** A sweep: the best of two params' values as a map. Each point is looked at once, and a map has so many cells at most: the daemon draws it beside its work. Pure. */
import { times } from '../../domain/text/units.ts';
import { drawing, shape, text, type Shape } from './shape.ts';
import type { Axis, PlottedPoint } from './sweep-plots.ts';

interface HeatOptions {
  readonly across: Axis;
  readonly down: Axis;
  readonly width: number;
}

const CELL_HEIGHT = 34;
const HEAT = { left: 84, top: 38 };
const SHADES = 8;
const LIGHT_FROM = 4;
/** Of longer axes, values beside each other share a column or a row. */
const COLUMNS_MAX = 48;
const ROWS_MAX = 128;

/** The best passed point of each cell; cells where all failed say with what. */
export const heatMap = (points: readonly PlottedPoint[], { across, down, width }: HeatOptions): Shape => {
  const [columns, rows] = [groupsOf(across, COLUMNS_MAX), groupsOf(down, ROWS_MAX)];
  const cells = cellsOf(points, { columns, rows, across: across.name, down: down.name });
  const passed = [...cells.values()].flatMap(({ best }) => best ?? []);
  const low = passed.reduce((least, best) => Math.min(least, best), Infinity);
  const high = passed.reduce((most, best) => Math.max(most, best), -Infinity);
  const cellWidth = Math.min(110, (width - HEAT.left) / columns.labels.length);
  const height = HEAT.top + rows.labels.length * CELL_HEIGHT + 8;
  return drawing(
    { width, height },
    `Best speed-up by ${across.name} and ${down.name}`,
    [text([HEAT.left, 12], `${across.name} →`, 'strong'), text([0, HEAT.top - 10], `${down.name} ↓`, 'strong')],
    columns.labels.map((label, index) => text([HEAT.left + (index + 0.5) * cellWidth, HEAT.top - 10], label, 'middle')),
    rows.labels.flatMap((label, row) => [
      text([HEAT.left - 10, HEAT.top + row * CELL_HEIGHT + 21], label, 'end'),
      ...columns.labels.map((_, column) =>
        heatCell(cells.get(keyOf(column, row)) ?? NOTHING, {
          x: HEAT.left + column * cellWidth,
          y: HEAT.top + row * CELL_HEIGHT,
          width: cellWidth,
          low,
          high,
        }),
      ),
    ]),
  );
};

/** Values of an axis, in their order, with the column or row that they stand in. */
interface Groups {
  readonly labels: readonly string[];
  readonly groupOf: ReadonlyMap<Axis['values'][number], number>;
}

const groupsOf = ({ values }: Axis, max: number): Groups => {
  const each = Math.ceil(values.length / max);
  const groups = Array.from({ length: Math.ceil(values.length / each) }, (_, index) =>
    values.slice(index * each, (index + 1) * each),
  );
  return {
    labels: groups.map((group) => (group.length === 1 ? String(group[0]) : `${group[0]}–${group.at(-1)}`)),
    groupOf: new Map(values.map((value, index) => [value, Math.floor(index / each)])),
  };
};

interface Found {
  readonly best: number | null;
  /** Of one that did not pass, where none did. */
  readonly verdict: PlottedPoint['verdict'];
}

const NOTHING: Found = { best: null, verdict: null };
const keyOf = (column: number, row: number): number => column * ROWS_MAX + row;

interface Grid {
  readonly columns: Groups;
  readonly rows: Groups;
  readonly across: string;
  readonly down: string;
}

const cellsOf = (points: readonly PlottedPoint[], { columns, rows, across, down }: Grid): ReadonlyMap<number, Found> => {
  const cells = new Map<number, Found>();
  for (const { params, speedup, verdict } of points) {
    const column = columns.groupOf.get(params[across] ?? '');
    const row = rows.groupOf.get(params[down] ?? '');
    if (column === undefined || row === undefined) continue;
    const { best, verdict: before } = cells.get(keyOf(column, row)) ?? NOTHING;
    cells.set(keyOf(column, row), {
      best: speedup === null ? best : Math.max(best ?? speedup, speedup),
      verdict: before ?? verdict,
    });
  }
  return cells;
};

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly low: number;
  readonly high: number;
}

const heatCell = ({ best, verdict }: Found, { x, y, width, low, high }: Cell): Shape => {
  const frame = { x: x + 1, y: y + 1, width: width - 2, height: CELL_HEIGHT - 2, rx: 4 };
  if (best === null)
    return shape(
      'g',
      {},
      shape('rect', { ...frame, class: verdict === null ? 'none' : 'failed' }, shape('title', {}, verdict ?? 'no verdict yet')),
    );
  const shade = high > low ? Math.round(((best - low) / (high - low)) * (SHADES - 1)) : SHADES - 1;
  return shape(
    'g',
    {},
    shape('rect', { ...frame, class: `h${shade}` }),
    text([x + width / 2, y + CELL_HEIGHT / 2 + 4], times(best), `heat-text${shade < LIGHT_FROM ? ' dark' : ''}`),
  );
};
