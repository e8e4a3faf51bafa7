/** Best speed-up over time as an SVG of its own: steps, one series for each problem and device. Legible on light and on dark. Pure. */
import { plainLine } from '../../platform/printable-text.ts';
import { type Axis, doublingAxis, linearAxis } from './axis.ts';
import type { Series } from './progress.ts';
import type { ReportInput } from './report-input.ts';

const WIDTH = 760;
const PLOT = { left: 70, right: 736, height: 320 } as const;
const LEGEND_TOP = 52;
const LEGEND_LINE = 20;
const SERIES_MAX = 64;
const LABEL_CHARS_MAX = 80;
/** Told apart by the colour-blind, and at least 3:1 against white and against near-black. */
const COLOURS = ['#0a84c6', '#d55e00', '#009e73', '#b4680a', '#b5609a', '#5b6ee1', '#8a7a00', '#808080'] as const;
const DASHES = ['', '8 4', '2 3', '10 3 2 3', '4 4', '12 6', '1 4', '6 2 1 2'] as const;
/** Where the best is this many times the least, equal factors get equal heights. */
const DOUBLINGS_FROM = 12;
const TIME_UNITS = [
  { unit: 'hours', ms: 3_600_000 },
  { unit: 'minutes', ms: 60_000 },
  { unit: 'seconds', ms: 1000 },
] as const;

/** `problem`: of this one alone; null: of all. */
export const speedupPlot = (input: ReportInput, { problem }: { readonly problem: string | null }): string => {
  const series = input.series
    .filter((one) => (problem === null || one.problem === problem) && one.improvements.length > 0)
    .slice(0, SERIES_MAX);
  const title = problem === null ? 'Best speed-up over time' : `Best speed-up of ${problem} over time`;
  const frame = frameOf(series, Math.max(1000, input.lengthMs));
  return document(title, frame, [
    ...(series.length === 0 ? [text({ x: PLOT.left, y: frame.top + 30 }, 'No candidate has passed yet.')] : axes(frame)),
    ...series.flatMap((one, index) => [line(one, { frame, index }), ...legend(one, index)]),
  ]);
};

interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly timeUnit: (typeof TIME_UNITS)[number];
  readonly time: Axis;
  readonly speedup: Axis;
  readonly endMs: number;
}

const frameOf = (series: readonly Series[], endMs: number): Frame => {
  const speedups = series.flatMap(({ improvements }) => improvements.map(({ speedup }) => speedup));
  const low = speedups.reduce((least, speedup) => Math.min(least, speedup), Infinity);
  const high = speedups.reduce((most, speedup) => Math.max(most, speedup), 0);
  const timeUnit = TIME_UNITS.find(({ ms }) => endMs >= 2 * ms) ?? TIME_UNITS[2];
  const top = LEGEND_TOP + LEGEND_LINE * series.length;
  const speedup = high >= low * DOUBLINGS_FROM ? doublingAxis(low, high) : linearAxis(high || 1);
  return { top, bottom: top + PLOT.height, timeUnit, time: linearAxis(endMs / timeUnit.ms), speedup, endMs };
};

const x = ({ time, timeUnit }: Frame, ms: number): number => PLOT.left + (PLOT.right - PLOT.left) * time.place(ms / timeUnit.ms);
const y = ({ speedup, bottom }: Frame, value: number): number => bottom - PLOT.height * speedup.place(value);

const axes = (frame: Frame): readonly string[] => {
  const { top, bottom, time, timeUnit, speedup } = frame;
  const across = speedup.ticks.flatMap((tick) => {
    const at = y(frame, tick);
    return [rule([PLOT.left, at], [PLOT.right, at]), text({ x: PLOT.left - 8, y: at + 4, anchor: 'end' }, `${ratio(tick)}×`)];
  });
  const along = time.ticks.flatMap((tick) => {
    const at = x(frame, tick * timeUnit.ms);
    return [rule([at, bottom], [at, bottom + 5]), text({ x: at, y: bottom + 20, anchor: 'middle' }, number(tick))];
  });
  const middle = (top + bottom) / 2;
  return [
    ...across,
    ...along,
    text({ x: (PLOT.left + PLOT.right) / 2, y: bottom + 42, anchor: 'middle' }, `time since the start (${timeUnit.unit})`),
    text({ x: 18, y: middle, anchor: 'middle', turned: true }, 'speed-up over the baseline'),
  ];
};

/** Steps: a speed-up holds until a better one came, the last one to the end. */
const line = ({ improvements }: Series, { frame, index }: { readonly frame: Frame; readonly index: number }): string => {
  const [first] = improvements;
  if (first === undefined) return '';
  const steps = improvements.slice(1).map(({ atMs, speedup }) => `H${round(x(frame, atMs))}V${round(y(frame, speedup))}`);
  const path = `M${round(x(frame, first.atMs))},${round(y(frame, first.speedup))}${steps.join('')}H${round(x(frame, frame.endMs))}`;
  return `<path d="${path}" fill="none" ${stroke(index)}/>`;
};

const legend = ({ problem, device, improvements }: Series, index: number): readonly string[] => {
  const at = LEGEND_TOP + LEGEND_LINE * index - 8;
  const best = improvements.at(-1)?.speedup ?? 0;
  const label = `${problem} on ${device}: ${number(best, 3)}×`;
  return [`<path d="M${PLOT.left},${at - 4}h28" fill="none" ${stroke(index)}/>`, text({ x: PLOT.left + 36, y: at }, label)];
};

const stroke = (index: number): string => {
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? '';
  return `stroke="${COLOURS[index % COLOURS.length] ?? ''}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
};

const document = (title: string, { bottom }: Frame, parts: readonly string[]): string => {
  const height = bottom + 56;
  const shown = escaped(plainLine(title, LABEL_CHARS_MAX));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img"`,
    ' font-family="system-ui, sans-serif" font-size="13" fill="#787878">',
    `<title>${shown}</title>`,
    `<text x="${PLOT.left}" y="24" font-size="16" font-weight="600">${shown}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
};

interface TextPlace {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'middle' | 'end';
  readonly turned?: boolean;
}
const text = (place: TextPlace, words: string): string => {
  const [left, top] = [round(place.x), round(place.y)];
  const anchor = place.anchor === undefined ? '' : ` text-anchor="${place.anchor}"`;
  const turn = place.turned === true ? ` transform="rotate(-90 ${left} ${top})"` : '';
  return `<text x="${left}" y="${top}"${anchor}${turn}>${escaped(plainLine(words, LABEL_CHARS_MAX))}</text>`;
};

const rule = (from: readonly [number, number], to: readonly [number, number]): string =>
  `<path d="M${from.map(round).join(',')}L${to.map(round).join(',')}" stroke="#787878" stroke-opacity="0.35"/>`;

const round = (value: number): number => Math.round(value * 10) / 10;
/** "0.25"; small powers of two as "1/32", which is shorter than 0.03125. */
const ratio = (value: number): string =>
  value > 0 && value < 0.1 && Number.isInteger(1 / value) ? `1/${1 / value}` : number(value);
const number = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (words: string): string => words.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
