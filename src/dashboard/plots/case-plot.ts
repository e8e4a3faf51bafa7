/** Times of each case as distributions: candidate beside baseline, and beside the record where it is another. Pure. */
import type { CaseTiming, TimingStatistics } from '../../domain/measurement.ts';
import { nanoseconds, times } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Shape } from './shape.ts';
import { linear } from './scale.ts';

export interface CaseSides {
  readonly timing: CaseTiming;
  readonly record: TimingStatistics | null;
}

const WIDTH = 1040;
const PLOT = { left: 200, right: 880 };
const SIDE_PX = 17;
const GAP_PX = 16;
const HEAD_PX = 6;

export const casePlot = (cases: readonly CaseSides[]): Shape => {
  let y = HEAD_PX;
  const rows = cases.flatMap((item) => {
    const sides = sidesOf(item);
    const own = caseRow(item, sides, y);
    y += sides.length * SIDE_PX + GAP_PX;
    return own;
  });
  return drawing({ width: WIDTH, height: y }, `Times of ${cases.length} bench cases, candidate against baseline`, rows);
};

interface Side {
  readonly name: string;
  readonly statistics: TimingStatistics;
  readonly series: 1 | 2 | 3;
}

const sidesOf = ({ timing, record }: CaseSides): readonly Side[] => [
  { name: 'candidate', statistics: timing.candidate, series: 1 },
  ...(record === null ? [] : [{ name: 'record', statistics: record, series: 3 as const }]),
  { name: 'baseline', statistics: timing.baseline, series: 2 },
];

/** Each case has a scale of its own, from zero: cases differ by orders of magnitude. */
const caseRow = ({ timing }: CaseSides, sides: readonly Side[], top: number): readonly Shape[] => {
  const most = Math.max(...sides.map(({ statistics }) => Math.max(statistics.p95Ns, statistics.ciHighNs)));
  const x = linear([0, most], [PLOT.left, PLOT.right]);
  const bottom = top + sides.length * SIDE_PX;
  return [
    text([0, top + SIDE_PX - 4], timing.case.length > 24 ? `${timing.case.slice(0, 23)}…` : timing.case, 'strong'),
    text([0, top + SIDE_PX * 2 - 4], `${times(timing.speedup)} · ${timing.method}`),
    line([PLOT.left, top], [PLOT.left, bottom], 'axis'),
    ...sides.flatMap((side, index) => sideRow(side, top + index * SIDE_PX + SIDE_PX / 2, x)),
  ];
};

const sideRow = ({ name, statistics, series }: Side, y: number, x: (ns: number) => number): readonly Shape[] => {
  const { medianNs, minNs, p10Ns = minNs, p95Ns, ciLowNs, ciHighNs, runs } = statistics;
  return [
    shape('rect', { x: PLOT.left, y: y - 4, width: Math.max(1, x(medianNs) - PLOT.left), height: 8, class: `soft-${series}` }),
    line([x(p10Ns), y], [x(p95Ns), y], `line-${series} thin`),
    shape(
      'rect',
      { x: x(ciLowNs), y: y - 4, width: Math.max(1.5, x(ciHighNs) - x(ciLowNs)), height: 8, class: `fill-${series}` },
      shape(
        'title',
        {},
        `${name}: median ${nanoseconds(medianNs)}, 10 % ${nanoseconds(p10Ns)}, 95 % ${nanoseconds(p95Ns)}, ${runs} runs`,
      ),
    ),
    text([PLOT.right + 12, y + 4], nanoseconds(medianNs), series === 1 ? 'strong' : ''),
    text([PLOT.right + 84, y + 4], name),
  ];
};
