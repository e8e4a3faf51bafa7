/** One problem: who is fastest on each device model and how sure that is, how it came about, and what the problem is. */
import { h, type JSX } from 'preact';
import type { RankingView } from '../../../domain/api/problems.ts';
import type { RankingEntry } from '../../../domain/ranking/ranking.ts';
import { basisText, stoppedText } from '../../../domain/text/describe.ts';
import { grouped, interval, nanoseconds, percent, seconds, times } from '../../../domain/text/units.ts';
import { intervalCell, rangeOf } from '../../plots/ranking-plot.ts';
import { type ProgressAxis, progressPlot } from '../../plots/progress-plot.ts';
import { counted } from '../../model/counted.ts';
import { ask } from '../live/api.ts';
import { choose, hrefWith, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import { draw } from '../parts/draw.ts';
import { badge, candidateLink, CopyButton, empty, failure, loading, name, Panel, segmented, select } from '../parts/elements.ts';
import { paramsText } from '../../../domain/text/params-text.ts';
import { moment } from '../parts/time.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';
import { ProblemDocs } from '../parts/problem-docs.ts';
import { RecordCases } from '../parts/record-cases.ts';

const RANKED_MAX = 1000;
const TABS = [
  ['ranking', 'Ranking'],
  ['progress', 'Speed-up over time'],
  ['cases', 'Cases of the record'],
  ['docs', 'The problem'],
] as const;

export const ProblemPage = ({ problem }: { readonly problem: string }): JSX.Element => {
  const tab = TABS.find(([key]) => key === query.value.get('tab'))?.[0] ?? 'ranking';
  const ranking = useAnswer(
    `ranking ${problem}`,
    () => ask('GET', '/v1/problems/:name/ranking', { params: { name: problem }, query: { limit: RANKED_MAX } }),
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
    ),
  );

const Tabs = ({ tab }: { readonly tab: Tab }): JSX.Element =>
  h(
    'nav',
    { class: 'tabs', 'aria-label': 'Parts' },
    TABS.map(([key, text]) =>
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
  return tab === 'cases' ? h(RecordCases, { model }) : h(Ranking, { problem, model, failed: ranking.failed });
};

const nothingPassed = (problem: string, { failed }: RankingView): JSX.Element =>
  h(
    'div',
    { class: 'panel' },
    empty(
      'Nothing has passed yet.',
      failures(problem, failed),
      h('a', { class: 'button', href: `/submit?problem=${encodeURIComponent(problem)}` }, 'Submit a candidate'),
    ),
  );

const failures = (problem: string, failed: RankingView['failed']): JSX.Element | null => {
  const counts = Object.entries(failed).toSorted((a, b) => b[1] - a[1]);
  if (counts.length === 0) return null;
  return h(
    'div',
    { class: 'row small' },
    h('span', { class: 'soft' }, 'Did not pass, on any device:'),
    counts.map(([verdict, count]) =>
      h(
        'a',
        { key: verdict, class: 'badge bad', href: `/candidates?problem=${encodeURIComponent(problem)}&verdict=${verdict}` },
        `${verdict} ${grouped(count)}`,
      ),
    ),
  );
};

interface RankingProps {
  readonly problem: string;
  readonly model: RankingView['models'][number];
  readonly failed: RankingView['failed'];
}

const Ranking = ({ problem, model, failed }: RankingProps): JSX.Element => {
  const submitter = query.value.get('submitter') ?? '';
  const language = query.value.get('language') ?? '';
  const shown = model.entries.filter(
    (entry) => (submitter === '' || entry.submitter === submitter) && (language === '' || entry.language === language),
  );
  const range = rangeOf(shown.filter(({ score }) => !score.stopped));
  const columns = columnsFor(range);
  const any = ['', 'all'] as const;
  return h(
    Panel,
    {
      title: 'Ranking',
      isFlush: true,
      note: model.entries.length === RANKED_MAX ? `the first ${grouped(RANKED_MAX)}` : `${grouped(shown.length)} candidates`,
      actions: h(
        'div',
        { class: 'filters' },
        select({
          label: 'Submitter',
          value: submitter,
          of: [any, ...namesOf(model.entries, (entry) => entry.submitter)],
          onChoose: (value) => choose({ submitter: value }),
        }),
        select({
          label: 'Language',
          value: language,
          of: [any, ...namesOf(model.entries, (entry) => entry.language)],
          onChoose: (value) => choose({ language: value }),
        }),
        h(CsvButton<RankingEntry>, { file: `${problem}-ranking.csv`, columns, rows: shown }),
        h(
          'a',
          {
            class: 'button',
            href: `/images/problems/${encodeURIComponent(problem)}/ranking.svg?device=${encodeURIComponent(model.deviceModel)}`,
          },
          'SVG',
        ),
      ),
    },
    model.note === null ? null : h('p', { class: 'notice info small', style: { margin: '0 1rem 0.6rem' } }, model.note),
    shown.length === 0
      ? empty(
          'None of the ranked candidates fits these filters.',
          h('a', { href: hrefWith({ submitter: null, language: null }) }, 'Show all'),
        )
      : h(VirtualTable<RankingEntry>, {
          caption: `Ranking on ${model.deviceModel}`,
          columns,
          rows: shown,
          keyOf: ({ candidateId }) => candidateId,
          isMarked: ({ record }) => record,
        }),
    h('div', { style: { padding: '0.6rem 1rem' } }, failures(problem, failed)),
  );
};

const namesOf = (entries: readonly RankingEntry[], of: (entry: RankingEntry) => string): readonly (readonly [string, string])[] =>
  [...new Set(entries.map(of))].toSorted().map((item) => [item, item] as const);

const columnsFor = (range: readonly [number, number]): readonly Column<RankingEntry>[] => [
  { title: 'Place', isNumber: true, cell: ({ place }) => place, text: ({ place }) => place },
  { title: 'Candidate', cell: ({ candidateId }) => candidateLink(candidateId), text: ({ candidateId }) => candidateId },
  {
    title: 'Mark',
    cell: ({ record, fasterByTime, score }) =>
      record
        ? badge('record', 'accent')
        : score.stopped
          ? badge('stopped early', '', stoppedText(score) ?? '')
          : fasterByTime
            ? badge('shorter time than the first', 'warn')
            : score.pair?.result === 'tied'
              ? badge('ties the record')
              : '',
    text: ({ record, fasterByTime, score }) =>
      record ? 'record' : score.stopped ? 'stopped early' : fasterByTime ? 'shorter time than the first' : '',
  },
  {
    title: 'Speed-up',
    isNumber: true,
    cell: ({ score }) => h('strong', null, times(score.speedup)),
    text: ({ score }) => score.speedup,
  },
  { title: '95 % interval', cell: ({ score }) => (score.stopped ? '' : draw(intervalCell(score, range))) },
  {
    title: 'from, to',
    cell: ({ score }) => h('span', { class: 'soft' }, interval(score.speedupLow, score.speedupHigh)),
    text: ({ score }) => interval(score.speedupLow, score.speedupHigh),
  },
  { title: 'Ranks as', isNumber: true, cell: ({ score }) => times(score.rankKey), text: ({ score }) => score.rankKey },
  { title: 'Time', isNumber: true, cell: ({ score }) => nanoseconds(score.timeNs), text: ({ score }) => score.timeNs },
  {
    title: 'Of floor',
    isNumber: true,
    cell: ({ score }) => (score.floorShare === null ? '–' : percent(score.floorShare)),
    text: ({ score }) => score.floorShare,
  },
  { title: 'Measured', cell: ({ score }) => basisText(score), text: ({ score }) => basisText(score) },
  {
    title: 'Params',
    cell: ({ params }) => h('code', { title: paramsText(params) }, paramsText(params)),
    text: ({ params }) => paramsText(params),
  },
  { title: 'Submitter', cell: ({ submitter }) => name(submitter, 30), text: ({ submitter }) => submitter },
  {
    title: 'Judged',
    cell: ({ finishedAt }) => h('span', { class: 'soft' }, moment(finishedAt)),
    text: ({ finishedAt }) => finishedAt,
  },
  { title: 'Language', cell: ({ language }) => language, text: ({ language }) => language },
];

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
