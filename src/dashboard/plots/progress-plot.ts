/** How the best speed-up rose: steps over time or over device time, each record with its interval. Pure. */
import type { ProgressView } from '../../domain/api/problems.ts';
import { grouped, seconds, times } from '../../domain/text/units.ts';
import { drawing, line, shape, text, type Box, type Shape } from './shape.ts';
import { linear, padded, ticks, type Scale } from './scale.ts';

export type ProgressAxis = 'time' | 'gpu' | 'judged';
type ModelView = ProgressView['models'][number];
type Step = Omit<ModelView['steps'][number], 'language'>;
/** What is drawn: of a problem's records on a device model, or of a sweep's points. */
export interface Progress extends Pick<ModelView, 'judged' | 'gpuSeconds' | 'firstAt' | 'lastAt'> {
  readonly steps: readonly Step[];
}

interface Options extends Box {
  readonly axis: ProgressAxis;
  /** Told above the plot; the page has its own heading. */
  readonly caption?: string;
}

const MARGIN = { left: 52, right: 18, bottom: 34, top: 14 };
const CAPTION_PX = 26;
const LABEL_PX = 58;

export const progressPlot = (model: Progress, { width, height, axis, caption }: Options): Shape => {
  const top = MARGIN.top + (caption === undefined ? 0 : CAPTION_PX);
  const at = valueOf(model, axis);
  const end =
    axis === 'gpu'
      ? model.gpuSeconds
      : axis === 'judged'
        ? model.judged
        : Date.parse(model.lastAt) / 1000 - Date.parse(model.firstAt) / 1000;
  const start = 0;
  const x = linear([start, Math.max(end, ...model.steps.map(at), 1e-3)], [MARGIN.left, width - MARGIN.right]);
  const highest = Math.max(1, ...model.steps.map(({ speedupHigh }) => speedupHigh));
  const lowest = Math.min(1, ...model.steps.map(({ speedupLow }) => speedupLow));
  const y = linear(padded(lowest, highest), [height - MARGIN.bottom, top]);
  const right = width - MARGIN.right;
  return drawing(
    { width, height },
    `Best confirmed speed-up over ${AXES[axis]}: ${model.steps.length} records, now ${times(model.steps.at(-1)?.speedup ?? 1)}`,
    caption === undefined ? [] : [text([MARGIN.left, 18], caption, 'caption')],
    yAxis(y, right),
    xAxis(x, { axis, bottom: height - MARGIN.bottom, width }),
    [line([MARGIN.left, y(1)], [right, y(1)], 'one')],
    stepLine(model.steps, { x, y, at, right, bottom: height - MARGIN.bottom }),
    model.steps.map((step) => mark(step, x(at(step)), y)),
    names(model.steps, { x, y, at }),
  );
};

const AXES = { time: 'time', gpu: 'device time', judged: 'candidates judged' } as const;

const valueOf =
  (model: Pick<Progress, 'firstAt'>, axis: ProgressAxis) =>
  (step: Step): number => {
    if (axis === 'gpu') return step.gpuSeconds;
    return axis === 'judged' ? step.judged : (Date.parse(step.at) - Date.parse(model.firstAt)) / 1000;
  };

const yAxis = (y: Scale, right: number): readonly Shape[] =>
  ticks(y, 5).flatMap((value) => [
    line([MARGIN.left, y(value)], [right, y(value)], 'grid'),
    text([MARGIN.left - 8, y(value) + 4], `${Number(value.toFixed(2))}x`, 'end'),
  ]);

const xAxis = (
  x: Scale,
  { axis, bottom, width }: { readonly axis: ProgressAxis; readonly bottom: number; readonly width: number },
): readonly Shape[] => [
  line([MARGIN.left, bottom], [width - MARGIN.right, bottom], 'axis'),
  ...ticks(x, Math.max(2, Math.floor(width / 140))).map((value) =>
    text([x(value), bottom + 16], axis === 'judged' ? grouped(value) : seconds(value), value === 0 ? '' : 'middle'),
  ),
  text([width - MARGIN.right, bottom + 30], `${AXES[axis]}${axis === 'time' ? ' since the first verdict' : ''}`, 'end'),
];

interface Placing {
  readonly x: Scale;
  readonly y: Scale;
  readonly at: (step: Step) => number;
}

const stepLine = (
  steps: readonly Step[],
  { x, y, at, right, bottom }: Placing & { readonly right: number; readonly bottom: number },
): readonly Shape[] => {
  const [first] = steps;
  if (first === undefined) return [];
  const path = steps
    .slice(1)
    .reduce(
      (d, step) => `${d} H${x(at(step)).toFixed(1)} V${y(step.speedup).toFixed(1)}`,
      `M${x(at(first)).toFixed(1)} ${y(first.speedup).toFixed(1)}`,
    );
  return [
    shape('path', { class: 'area', d: `${path} H${right} V${bottom} H${x(at(first)).toFixed(1)} Z` }),
    shape('path', { class: 'step', d: `${path} H${right}` }),
  ];
};

const mark = (step: Step, px: number, y: Scale): Shape =>
  shape(
    'g',
    {},
    line([px, y(step.speedupLow)], [px, y(step.speedupHigh)], 'whisker'),
    shape(
      'circle',
      { cx: px, cy: y(step.speedup), r: 4, class: 'dot' },
      shape('title', {}, `${step.candidateId} by ${step.submitter}: ${times(step.speedup)}`),
    ),
  );

/** The newest are named first; a name that would lie over another one is left out. */
const names = (steps: readonly Step[], { x, y, at }: Placing): readonly Shape[] => {
  const out: Shape[] = [];
  let leftmost = Infinity;
  for (const step of steps.toReversed()) {
    const px = x(at(step));
    if (px + LABEL_PX > leftmost && out.length > 0) continue;
    leftmost = px;
    const isLast = out.length === 0;
    out.push(
      text([Math.max(px - 7, MARGIN.left + 34), y(step.speedupHigh) - 7], times(step.speedup), `end${isLast ? ' strong' : ''}`),
    );
  }
  return out;
};
