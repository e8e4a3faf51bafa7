/** One problem: who is fastest on each device model and how sure that is, how it came about, and what the problem is. */
import { h, type JSX } from 'preact';
import type { RankingView } from '../../../domain/api/problems.ts';
import { grouped, interval, seconds, times } from '../../../domain/text/units.ts';
import { type ProgressAxis, progressPlot } from '../../plots/progress-plot.ts';
import { counted } from '../../model/counted.ts';
import { ask } from '../live/api.ts';
import { choose, hrefWith, query } from '../live/router.ts';
import { IS_SHARED } from '../live/share.ts';
import { useAnswer } from '../live/use-answer.ts';
import { draw } from '../parts/draw.ts';
import { candidateLink, CopyButton, empty, failure, loading, name, Panel, segmented, select } from '../parts/elements.ts';
import { ShareMenu } from '../parts/share-menu.ts';
import { moment } from '../parts/time.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';
import { ProblemDocs } from '../parts/problem-docs.ts';
import { failures, RANKED_MAX, Ranking } from '../parts/ranking-panel.ts';
import { RecordCases } from '../parts/record-cases.ts';

const TABS = [
  ['ranking', 'Ranking'],
  ['answers', 'Programs by answers'],
  ['progress', 'Speed-up over time'],
  ['cases', 'Cases of the record'],
  ['docs', 'The problem'],
] as const;

export const ProblemPage = ({ problem }: { readonly problem: string }): JSX.Element => {
  const tab = TABS.find(([key]) => key === query.value.get('tab'))?.[0] ?? 'ranking';
  const ofClass = tab === 'answers' ? ('program' as const) : ('device' as const);
  const ranking = useAnswer(
    ofClass === 'device' ? `ranking ${problem}` : `ranking ${problem} by answers`,
    () =>
      ask('GET', '/v1/problems/:name/ranking', {
        params: { name: problem },
        query: { limit: RANKED_MAX, ...(ofClass === 'program' && { class: ofClass }) },
      }),
    { on: ({ type, data }) => type === 'candidate.done' && data['problem'] === problem, pauseMs: 2000 },
  );
  const models = ranking.data?.models ?? [];
  const chosen =
    models.find(({ deviceModel, device }) => [deviceModel, device].includes(query.value.get('device') ?? '')) ?? models[0];
  return h(
    'div',
    { class: 'page' },
    h(Title, { problem, models, chosen: chosen?.deviceModel ?? '' }),
    h(Tabs, { tab }),
    ranking.error ? failure(ranking.error) : null,
    tab === 'docs' ? h(ProblemDocs, { problem }) : h(Ranked, { problem, tab, ranking: ranking.data, model: chosen }),
  );
};

type Tab = (typeof TABS)[number][0];

interface TitleProps {
  readonly problem: string;
  readonly models: RankingView['models'];
  readonly chosen: string;
}

const Title = ({ problem, models, chosen }: TitleProps): JSX.Element =>
  h(
    'div',
    { class: 'title' },
    h('h1', null, name(problem, 64)),
    models.length > 1
      ? h(
          'div',
          { class: 'filters' },
          select({
            label: 'Device model',
            value: chosen,
            of: models.map(({ deviceModel }) => [deviceModel, deviceModel] as const),
            onChoose: (value) => choose({ device: value }),
          }),
        )
      : h('span', { class: 'sub' }, chosen),
    h(
      'div',
      { class: 'end' },
      h('a', { class: 'button', href: `/submit?problem=${encodeURIComponent(problem)}` }, 'Submit'),
      h(CopyButton, { text: globalThis.location.href, label: 'Copy link' }),
      h(ShareMenu, null),
    ),
  );

const Tabs = ({ tab }: { readonly tab: Tab }): JSX.Element =>
  h(
    'nav',
    { class: 'tabs', 'aria-label': 'Parts' },
    TABS.filter(([key]) => !IS_SHARED || key !== 'cases').map(([key, text]) =>
      h(
        'a',
        {
          key,
          href: hrefWith({ tab: key === 'ranking' ? null : key }),
          ...(key === tab ? { 'aria-current': 'page' as const } : {}),
        },
        text,
      ),
    ),
  );

interface RankedProps {
  readonly problem: string;
  readonly tab: Exclude<Tab, 'docs'>;
  readonly ranking: RankingView | null;
  /** Undefined where nothing has passed. */
  readonly model: RankingView['models'][number] | undefined;
}

const Ranked = ({ problem, tab, ranking, model }: RankedProps): JSX.Element => {
  if (ranking === null) return loading();
  if (model === undefined) return nothingPassed(problem, ranking);
  if (tab === 'progress') return h(Progress, { problem, deviceModel: model.deviceModel });
  if (tab === 'cases') return h(RecordCases, { model });
  return h(Ranking, { problem, ofClass: ranking.class, model, failed: ranking.failed });
};

const nothingPassed = (problem: string, { class: ofClass, failed }: RankingView): JSX.Element =>
  h(
    'div',
    { class: 'panel' },
    empty(
      ofClass === 'program' ? 'No program is ranked by its answers yet.' : 'Nothing has passed yet.',
      failures(problem, failed),
      h('a', { class: 'button', href: `/submit?problem=${encodeURIComponent(problem)}` }, 'Submit a candidate'),
    ),
  );

const AXES = [
  ['time', 'Time'],
  ['gpu', 'Device time'],
  ['judged', 'Candidates'],
] as const satisfies readonly (readonly [ProgressAxis, string])[];
const PLOT = { width: 1100, height: 380 };

const Progress = ({ problem, deviceModel }: { readonly problem: string; readonly deviceModel: string }): JSX.Element => {
  const { data, error } = useAnswer(
    `progress ${problem}`,
    () => ask('GET', '/v1/problems/:name/progress', { params: { name: problem } }),
    {
      on: ({ type, data: facts }) => type === 'candidate.done' && facts['problem'] === problem,
      pauseMs: 5000,
    },
  );
  const axis = AXES.find(([key]) => key === query.value.get('axis'))?.[0] ?? 'time';
  const model = data?.models.find((item) => item.deviceModel === deviceModel);
  if (error) return failure(error);
  if (data === null) return loading();
  if (model === undefined || model.steps.length === 0)
    return h(
      'div',
      { class: 'panel' },
      empty('Nothing was confirmed on this model yet: a record is judged again before it counts.'),
    );
  const steps = model.steps.toReversed();
  return h(
    'div',
    { class: 'stack' },
    h(
      Panel,
      {
        title: 'Best confirmed speed-up',
        note: `${grouped(model.judged)} judged in ${seconds(model.gpuSeconds)} of device time`,
        actions: [
          segmented({
            label: 'Over',
            value: axis,
            of: AXES,
            onChoose: (value) => choose({ axis: value === 'time' ? null : value }),
          }),
          h(
            'a',
            {
              class: 'button',
              href: `/images/problems/${encodeURIComponent(problem)}/progress.svg?device=${encodeURIComponent(deviceModel)}&axis=${axis}`,
            },
            'SVG',
          ),
        ],
      },
      draw(progressPlot(model, { ...PLOT, axis })),
    ),
    h(
      Panel,
      {
        title: 'Records',
        isFlush: true,
        actions: h(CsvButton<(typeof steps)[number]>, { file: `${problem}-records.csv`, columns: STEP_COLUMNS, rows: steps }),
      },
      h(VirtualTable<(typeof steps)[number]>, {
        caption: 'Records',
        columns: STEP_COLUMNS,
        rows: steps,
        keyOf: ({ candidateId }) => candidateId,
      }),
    ),
  );
};

type Step = NonNullable<Awaited<ReturnType<typeof progressOf>>>['models'][number]['steps'][number];
const progressOf = async (problem: string) => ask('GET', '/v1/problems/:name/progress', { params: { name: problem } });
const STEP_COLUMNS: readonly Column<Step>[] = [
  { title: 'Candidate', cell: ({ candidateId }) => candidateLink(candidateId), text: ({ candidateId }) => candidateId },
  { title: 'Speed-up', isNumber: true, cell: ({ speedup }) => h('strong', null, times(speedup)), text: ({ speedup }) => speedup },
  {
    title: '95 % interval',
    cell: ({ speedupLow, speedupHigh }) => interval(speedupLow, speedupHigh),
    text: ({ speedupLow, speedupHigh }) => interval(speedupLow, speedupHigh),
  },
  { title: 'Submitter', cell: ({ submitter }) => name(submitter, 40), text: ({ submitter }) => submitter },
  { title: 'Language', cell: ({ language }) => language, text: ({ language }) => language },
  { title: 'After', isNumber: true, cell: ({ judged }) => counted(judged, 'candidate'), text: ({ judged }) => judged },
  { title: 'Device time', isNumber: true, cell: ({ gpuSeconds }) => seconds(gpuSeconds), text: ({ gpuSeconds }) => gpuSeconds },
  { title: 'When', cell: ({ at }) => moment(at), text: ({ at }) => at },
];
