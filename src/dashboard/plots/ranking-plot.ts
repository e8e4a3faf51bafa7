/** Intervals of a ranking: in a table's cell, and as an image of the first places. Pure. */
import type { RankingEntry } from '../../domain/ranking/ranking.ts';
import { interval, nanoseconds, percent, times } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Shape } from './shape.ts';
import { linear, padded, ticks } from './scale.ts';

type Scored = Pick<RankingEntry, 'score'>;

/** Lowest and highest of all intervals, and the baseline. */
export const rangeOf = (entries: readonly Scored[]): readonly [number, number] =>
  padded(
    Math.min(1, ...entries.map(({ score }) => score.speedupLow)),
    Math.max(1, ...entries.map(({ score }) => score.speedupHigh)),
    0.03,
  );

const CELL = { width: 176, height: 18 };

/** One interval on the scale of its list, with the baseline's 1.00x. */
export const intervalCell = (
  { speedup, speedupLow, speedupHigh }: { readonly speedup: number; readonly speedupLow: number; readonly speedupHigh: number },
  range: readonly [number, number],
): Shape => {
  const x = linear(range, [2, CELL.width - 2]);
  const middle = CELL.height / 2;
  return shape(
    'svg',
    {
      viewBox: `0 0 ${CELL.width} ${CELL.height}`,
      class: 'plot interval',
      role: 'img',
      'aria-label': `${times(speedup)}, 95 % interval ${interval(speedupLow, speedupHigh)}`,
    },
    shape('rect', { x: 0, y: middle - 2, width: CELL.width, height: 4, rx: 2, class: 'track' }),
    line([x(1), 1], [x(1), CELL.height - 1], 'one'),
    shape('rect', {
      x: x(speedupLow),
      y: middle - 4,
      width: Math.max(2, x(speedupHigh) - x(speedupLow)),
      height: 8,
      rx: 3,
      class: 'soft-1',
    }),
    shape('rect', { x: x(speedup) - 1.5, y: middle - 7, width: 3, height: 14, rx: 1.5, class: 'fill-1' }),
  );
};

interface ImageOptions {
  readonly title: string;
  readonly subtitle: string;
  readonly places: number;
}

const IMAGE_WIDTH = 720;
const ROW_PX = 26;
const HEAD_PX = 62;
const FOOT_PX = 30;
const PLOT = { left: 250, right: 600 };

/** The first places as an image, for chats and readmes. */
export const rankingImage = (entries: readonly RankingEntry[], { title, subtitle, places }: ImageOptions): Shape => {
  const shown = entries.filter(({ score }) => !score.stopped).slice(0, places);
  const height = HEAD_PX + Math.max(1, shown.length) * ROW_PX + FOOT_PX;
  const x = linear(rangeOf(shown), [PLOT.left, PLOT.right]);
  const bottom = height - FOOT_PX;
  return drawing(
    { width: IMAGE_WIDTH, height },
    `${title}: ${shown.length} places`,
    [
      shape('rect', { width: IMAGE_WIDTH, height, rx: 10, class: 'ground' }),
      text([18, 26], title, 'caption'),
      text([18, 44], subtitle),
    ],
    ticks(x, 5).flatMap((value) => [
      line([x(value), HEAD_PX - 6], [x(value), bottom], value === 1 ? 'one' : 'grid'),
      text([x(value), bottom + 16], `${Number(value.toFixed(2))}x`, 'middle'),
    ]),
    shown.length === 0
      ? [text([18, HEAD_PX + 12], 'nothing has passed yet')]
      : shown.flatMap((entry, index) => imageRow(entry, HEAD_PX + index * ROW_PX + ROW_PX / 2, x)),
  );
};

const imageRow = (
  { place, candidateId, submitter, record, score }: RankingEntry,
  y: number,
  x: (value: number) => number,
): readonly Shape[] => [
  text([34, y + 4], String(place), 'end strong'),
  text([46, y + 4], candidateId.slice(0, 10), record ? 'strong' : ''),
  text([128, y + 4], submitter.length > 17 ? `${submitter.slice(0, 16)}…` : submitter),
  shape('rect', {
    x: x(score.speedupLow),
    y: y - 5,
    width: Math.max(2, x(score.speedupHigh) - x(score.speedupLow)),
    height: 10,
    rx: 3,
    class: 'soft-1',
  }),
  shape('rect', { x: x(score.speedup) - 1.5, y: y - 8, width: 3, height: 16, rx: 1.5, class: 'fill-1' }),
  text([612, y + 4], times(score.speedup), 'strong'),
  text([656, y + 4], score.floorShare === null ? nanoseconds(score.timeNs) : percent(score.floorShare)),
];
