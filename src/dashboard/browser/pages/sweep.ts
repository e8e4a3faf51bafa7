/** One sweep: which params are good, which are not, and what to take. */
import { h, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { paramsText } from '../../../domain/text/params-text.ts';
import { grouped, interval, nanoseconds, seconds, times } from '../../../domain/text/units.ts';
import { progressPlot } from '../../plots/progress-plot.ts';
import { heatMap } from '../../plots/heat-map.ts';
import { type Axis, axesOf, coordinatesPlot } from '../../plots/sweep-plots.ts';
import { sweepProgress } from '../../plots/sweep-progress.ts';
import { type Answer, ask } from '../live/api.ts';
import { maySteer } from '../live/caller.ts';
import { choose, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import { type Point, useSweepPoints } from '../live/use-sweep-points.ts';
import { Action } from '../parts/action.ts';
import { draw } from '../parts/draw.ts';
import {
  candidateLink,
  CopyButton,
  empty,
  failure,
  loading,
  Panel,
  problemLink,
  select,
  speedupCell,
  statusBadge,
  tile,
} from '../parts/elements.ts';
import { ShareMenu } from '../parts/share-menu.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';

const PLOT = { width: 1000, height: 320 };
const NO_POINTS: readonly Point[] = [];

export const SweepPage = ({ id }: { readonly id: string }): JSX.Element => {
  const sweep = useAnswer(`sweep ${id}`, () => ask('GET', '/v1/sweeps/:id', { params: { id } }), {
    on: ({ type, data }) => type === 'candidate.done' || (type === 'sweep.changed' && data['sweepId'] === id),
    pauseMs: 2000,
  });
  const points = useSweepPoints(sweep.data);
  const all = points.data ?? NO_POINTS;
  const { ranked, axes, columns } = useMemo(() => tableOf(all), [all]);
  if (sweep.data === null || points.data === null) {
    const error = sweep.error ?? points.error;
    return h('div', { class: 'page' }, h('h1', null, 'Sweep'), error ? failure(error) : loading());
  }
  const { problem, device, size, byStatus, byVerdict, spent } = sweep.data;
  const [best] = ranked;
  const done = byStatus['done'] ?? 0;
  return h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'title' },
      h('h1', { class: 'mono' }, sweep.data.id),
      h('span', { class: 'sub' }, problemLink(problem), ` on ${device}, ${stateOf(sweep.data)}`),
      h(
        'div',
        { class: 'end' },
        h(Steering, { sweep: sweep.data, onDone: sweep.again }),
        h(CopyButton, { text: globalThis.location.href, label: 'Copy link' }),
        h(ShareMenu, null),
      ),
    ),
    h(
      'dl',
      { class: 'tiles' },
      tile('Judged', `${grouped(done)} of ${grouped(size)}`, done === size ? 'complete' : `${grouped(size - done)} to come`),
      tile('Passed', grouped(byVerdict['passed'] ?? 0), failedText(byVerdict)),
      bestTile(best),
      tile('Device time', seconds(spent.gpuSeconds)),
      tile('Params that vary', String(axes.length), axes.map(({ name }) => name).join(', ')),
    ),
    best?.speedup
      ? h(
          'div',
          { class: 'notice good' },
          h('p', null, 'Best configuration: ', h('code', null, paramsText(best.params)), ' · ', candidateLink(best.id)),
          h(CopyButton, { text: paramsText(best.params), label: 'Copy params' }),
        )
      : null,
    axes.length === 0
      ? null
      : h(
          Panel,
          { title: 'All points', note: 'each line is a point; the best fifth is drawn in front' },
          h(Coordinates, { points: all, axes }),
        ),
    axes.length < 2 ? null : h(HeatPanel, { points: all, axes }),
    best?.speedup ? h(BestPanel, { points: all, sweep: sweep.data }) : null,
    h(
      Panel,
      {
        title: 'Points',
        isFlush: true,
        actions: h(CsvButton<Point>, { file: `${sweep.data.id}.csv`, columns, rows: ranked }),
      },
      ranked.length === 0
        ? empty('The sweep has no points.')
        : h(VirtualTable<Point>, {
            caption: 'Points, best first',
            columns,
            rows: ranked,
            keyOf: ({ id: key }) => key,
          }),
    ),
  );
};

/** What the page shows of the points, worked out once for each answer. */
const tableOf = (all: readonly Point[]) => {
  const axes = axesOf(all);
  return { ranked: all.toSorted((a, b) => (b.speedup ?? -1) - (a.speedup ?? -1)), axes, columns: columnsFor(axes) };
};

interface PointsProps {
  readonly points: readonly Point[];
  readonly axes: readonly Axis[];
}

const Coordinates = ({ points, axes }: PointsProps): JSX.Element =>
  h('div', { class: 'scroll', tabIndex: 0 }, draw(useMemo(() => coordinatesPlot(points, axes, PLOT), [points, axes])));

const bestTile = (best: Point | undefined): JSX.Element =>
  tile(
    'Best so far',
    best?.speedup ? times(best.speedup) : '–',
    best?.speedupLow && best.speedupHigh ? interval(best.speedupLow, best.speedupHigh) : 'nothing has passed yet',
  );

type Sweep = Answer<'/v1/sweeps/:id'>;

/** "forest, running: …" */
const stateOf = ({ spec, status, reason }: Sweep): string =>
  `${spec === null ? '' : `${spec.strategy}, `}${status}${reason === null ? '' : `: ${reason}`}`;

const Steering = ({
  sweep: { id, status, submitter },
  onDone,
}: {
  readonly sweep: Sweep;
  readonly onDone: () => void;
}): JSX.Element | null => {
  const button = (label: string, url: '/v1/sweeps/:id/pause' | '/v1/sweeps/:id/resume' | '/v1/sweeps/:id/cancel'): JSX.Element =>
    h(Action, { label, onDone, run: async () => (await ask('POST', url, { params: { id } })).status });
  if (status === 'finished' || status === 'cancelled' || !maySteer(submitter)) return null;
  return h(
    'span',
    { class: 'row' },
    status === 'running' ? button('Pause', '/v1/sweeps/:id/pause') : button('Resume', '/v1/sweeps/:id/resume'),
    button('Cancel', '/v1/sweeps/:id/cancel'),
  );
};

const BestPanel = ({ points, sweep }: { readonly points: readonly Point[]; readonly sweep: Sweep }): JSX.Element => {
  const { submitter, createdAt } = sweep;
  const plot = useMemo(() => {
    const reported = points.filter((point) => point.reported !== null).toSorted((a, b) => (a.reported ?? 0) - (b.reported ?? 0));
    return progressPlot(sweepProgress(reported, { submitter, createdAt }), { ...PLOT, axis: 'gpu' });
  }, [points, submitter, createdAt]);
  return h(
    Panel,
    { title: 'Best so far', note: 'over the device time that the sweep took' },
    h('div', { class: 'scroll', tabIndex: 0 }, draw(plot)),
  );
};

const failedText = (byVerdict: Readonly<Record<string, number>>): string =>
  Object.entries(byVerdict)
    .flatMap(([verdict, count]) => (verdict === 'passed' ? [] : [`${count} ${verdict}`]))
    .join(', ') || 'none failed';

const columnsFor = (axes: readonly Axis[]): readonly Column<Point>[] => [
  { title: 'Candidate', cell: ({ id }) => candidateLink(id), text: ({ id }) => id },
  {
    title: 'Status',
    cell: ({ status, verdict }) => statusBadge(status, verdict),
    text: ({ status, verdict }) => verdict ?? status,
  },
  {
    title: 'Speed-up',
    isNumber: true,
    cell: speedupCell,
    text: ({ speedup }) => speedup,
  },
  {
    title: '95 % interval',
    cell: ({ speedupLow, speedupHigh }) => (speedupLow === null || speedupHigh === null ? '' : interval(speedupLow, speedupHigh)),
    text: ({ speedupLow, speedupHigh }) =>
      speedupLow === null || speedupHigh === null ? null : interval(speedupLow, speedupHigh),
  },
  {
    title: 'Time',
    isNumber: true,
    cell: ({ timeNs }) => (timeNs === null ? '' : nanoseconds(timeNs)),
    text: ({ timeNs }) => timeNs,
  },
  ...axes.map(
    ({ name }): Column<Point> => ({
      title: name,
      isNumber: true,
      cell: ({ params }) => String(params[name] ?? ''),
      text: ({ params }) => params[name] ?? null,
    }),
  ),
];

/** Two params across and down; every other one has the value that was chosen, or any. */
const HeatPanel = ({ points, axes }: PointsProps): JSX.Element | null => {
  const named = (field: string, otherwise: Axis | undefined): Axis | undefined =>
    axes.find(({ name }) => name === query.value.get(field)) ?? otherwise;
  const across = named('across', axes[0]);
  const down = named(
    'down',
    axes.find(({ name }) => name !== across?.name),
  );
  if (across === undefined || down === undefined || across.name === down.name) return null;
  const others = axes.filter(({ name }) => name !== across.name && name !== down.name);
  const names = axes.map(({ name }) => [name, name] as const);
  return h(
    Panel,
    {
      title: 'Two params',
      note: 'best speed-up of each pair; red: all of them failed',
      actions: h(
        'div',
        { class: 'filters' },
        select({
          label: 'Across',
          value: across.name,
          of: names.filter(([name]) => name !== down.name),
          onChoose: (value) => choose({ across: value }),
        }),
        select({
          label: 'Down',
          value: down.name,
          of: names.filter(([name]) => name !== across.name),
          onChoose: (value) => choose({ down: value }),
        }),
        others.map(({ name, values }) =>
          select({
            label: name,
            value: query.value.get(`p.${name}`) ?? '',
            of: [['', 'best of all'], ...values.map((value) => [String(value), String(value)] as const)],
            onChoose: (value) => choose({ [`p.${name}`]: value }),
          }),
        ),
      ),
    },
    h(Heat, { points, across, down, chosen: others.map(({ name }) => [name, query.value.get(`p.${name}`) ?? ''] as const) }),
  );
};

interface HeatProps {
  readonly points: readonly Point[];
  readonly across: Axis;
  readonly down: Axis;
  /** Every other param, and its value; empty: any. */
  readonly chosen: readonly (readonly [string, string])[];
}

const Heat = ({ points, across, down, chosen }: HeatProps): JSX.Element => {
  const plot = useMemo(() => {
    const fits = ({ params }: Point): boolean => chosen.every(([name, value]) => value === '' || String(params[name]) === value);
    return heatMap(points.filter(fits), { across, down, width: PLOT.width });
  }, [points, across, down, chosen.flat().join('\n')]);
  return h('div', { class: 'scroll', tabIndex: 0 }, draw(plot));
};
