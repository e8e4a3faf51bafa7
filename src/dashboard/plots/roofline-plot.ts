/** What a candidate does a second against what the device allows, case by case: memory's slope and arithmetic's roof. Pure. */
import { bytes } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Box, type Shape } from './shape.ts';
import { logarithmic, type Scale } from './scale.ts';

export interface RooflinePoint {
  readonly case: string;
  readonly bytes: number;
  readonly flops: number;
  readonly timeNs: number;
  readonly series: 1 | 2 | 3;
}

export interface Roofs {
  readonly bytesPerSecond: number;
  /** Null where no peak of arithmetic is known. */
  readonly flopsPerSecond: number | null;
}

const MARGIN = { left: 66, right: 18, top: 14, bottom: 36 };

/** Null where there is nothing to place: problems without arithmetic have no intensity. */
export const rooflinePlot = (points: readonly RooflinePoint[], roofs: Roofs, { width, height }: Box): Shape | null => {
  const placed = points
    .filter(({ flops, bytes: moved }) => flops > 0 && moved > 0)
    .map((point) => ({ ...point, intensity: point.flops / point.bytes, rate: point.flops / (point.timeNs / 1e9) }));
  if (placed.length === 0) return null;
  const ridge = roofs.flopsPerSecond === null ? null : roofs.flopsPerSecond / roofs.bytesPerSecond;
  const intensities = [...placed.map(({ intensity }) => intensity), ...(ridge === null ? [] : [ridge])];
  const low = Math.min(...intensities) / 3;
  const high = Math.max(...intensities) * 3;
  const roofAt = (intensity: number): number => Math.min(intensity * roofs.bytesPerSecond, roofs.flopsPerSecond ?? Infinity);
  const rates = [...placed.map(({ rate }) => rate), roofAt(low), roofAt(high)];
  const x = logarithmic([low, high], [MARGIN.left, width - MARGIN.right]);
  const y = logarithmic([Math.min(...rates) / 2, Math.max(...rates) * 1.6], [height - MARGIN.bottom, MARGIN.top]);
  const bottom = height - MARGIN.bottom;
  return drawing(
    { width, height },
    `Roofline: ${placed.map((point) => `${point.case} at ${Math.round((point.rate / roofAt(point.intensity)) * 100)} % of what its bytes or operations allow`).join('; ')}`,
    decades(y).map((value) => line([MARGIN.left, y(value)], [width - MARGIN.right, y(value)], 'grid')),
    decades(y).map((value) => text([MARGIN.left - 8, y(value) + 4], flopRate(value), 'end')),
    decades(x).map((value) => text([x(value), bottom + 16], String(Number(value.toPrecision(3))), 'middle')),
    [
      line([MARGIN.left, bottom], [width - MARGIN.right, bottom], 'axis'),
      text([MARGIN.left, bottom + 31], 'operations per byte'),
    ],
    [roofLine(x, y, { roofs, ridge, low, high }), text([x(low) + 8, y(roofAt(low)) - 30], `${bytes(roofs.bytesPerSecond)}/s`)],
    roofs.flopsPerSecond === null ? [] : [text([x(high), y(roofs.flopsPerSecond) - 6], flopRate(roofs.flopsPerSecond), 'end')],
    placed.map((point) =>
      shape(
        'circle',
        { cx: x(point.intensity), cy: y(point.rate), r: 5, class: `fill-${point.series}` },
        shape('title', {}, `${point.case}: ${flopRate(point.rate)}`),
      ),
    ),
  );
};

interface RoofOptions {
  readonly roofs: Roofs;
  readonly ridge: number | null;
  readonly low: number;
  readonly high: number;
}

const roofLine = (x: Scale, y: Scale, { roofs, ridge, low, high }: RoofOptions): Shape => {
  const at = (intensity: number): string =>
    `${x(intensity).toFixed(1)} ${y(Math.min(intensity * roofs.bytesPerSecond, roofs.flopsPerSecond ?? Infinity)).toFixed(1)}`;
  const bend = ridge !== null && ridge > low && ridge < high ? ` L${at(ridge)}` : '';
  return shape('path', { class: 'roof', d: `M${at(low)}${bend} L${at(high)}` });
};

const decades = ({ low, high }: Pick<Scale, 'low' | 'high'>): readonly number[] => {
  const first = Math.ceil(Math.log10(low));
  const count = Math.floor(Math.log10(high)) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => 10 ** (first + index));
};

const UNITS = ['', 'K', 'M', 'G', 'T', 'P'] as const;
const flopRate = (perSecond: number): string => {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(perSecond) / 3)));
  return `${Number((perSecond / 1000 ** power).toPrecision(3))} ${UNITS[power] ?? ''}op/s`;
};
