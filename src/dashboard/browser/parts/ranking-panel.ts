/** The ranking of one device model: filters that stand in the address, intervals as bars, and what did not pass. */
import { h, type JSX } from 'preact';
import type { RankingView } from '../../../domain/api/problems.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { RankingClass, RankingEntry } from '../../../domain/ranking/ranking.ts';
import { basisText, shortTimeText, stoppedText } from '../../../domain/text/describe.ts';
import { paramsText } from '../../../domain/text/params-text.ts';
import { grouped, interval, percent, times } from '../../../domain/text/units.ts';
import { counted } from '../../model/counted.ts';
import { rankingMark } from '../../model/ranking-mark.ts';
import { intervalCell, rangeOf } from '../../plots/ranking-plot.ts';
import { addressOf, ask } from '../live/api.ts';
import { choose, hrefWith, query } from '../live/router.ts';
import { mayAsk } from '../live/share.ts';
import { useAnswer } from '../live/use-answer.ts';
import { draw } from './draw.ts';
import { badge, candidateLink, empty, failure, loading, name, optionsOf, Panel, select, shortId } from './elements.ts';
import { moment, shortMoment } from './time.ts';
import { type Column, CsvButton, VirtualTable } from './virtual-table.ts';

export const RANKED_MAX = 1000;
const FILTERS = ['submitter', 'language', 'sweep'] as const;
type Filters = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

const filtersOf = (params: URLSearchParams): Filters =>
  Object.fromEntries(FILTERS.flatMap((key) => (params.get(key) ? [[key, params.get(key) ?? '']] : [])));

interface RankingProps {
  readonly problem: string;
  /** What it is a ranking of. */
  readonly ofClass: RankingClass;
  /** Without filters. */
  readonly model: RankingView['models'][number];
  readonly failed: RankingView['failed'];
}

const TITLES = { device: 'Ranking', program: 'Programs by the time to their answers' } as const;

/** Filters are the daemon's: what fits them is found also behind the first thousand. */
export const Ranking = ({ problem, ofClass, model, failed }: RankingProps): JSX.Element => {
  const filters = filtersOf(query.value);
  const isFiltered = Object.keys(filters).length > 0;
  const asked = { ...filters, class: ofClass, device: model.deviceModel, limit: RANKED_MAX };
  const filtered = useAnswer(
    isFiltered ? `ranking ${problem} ${JSON.stringify(asked)}` : null,
    () => ask('GET', '/v1/problems/:name/ranking', { params: { name: problem }, query: asked }),
    { on: ({ type, data }) => type === 'candidate.done' && data['problem'] === problem, pauseMs: 2000 },
  );
  const entries = isFiltered ? (filtered.data?.models[0]?.entries ?? []) : model.entries;
  const holder = model.entries.find(({ record }) => record)?.candidateId;
  const columns = columnsFor(rangeOf(entries.filter(({ score }) => !score.stopped)), holder);
  const image = addressOf('/images/problems/:name/ranking.svg', {
    params: { name: problem },
    query: { device: model.deviceModel, class: ofClass, ...filters },
  });
  return h(
    Panel,
    {
      title: TITLES[ofClass],
      isFlush: true,
      note: noteOf(entries.length, isFiltered),
      actions: h(
        'div',
        { class: 'filters' },
        h(FilterFields, { problem, model, filters }),
        h(CsvButton<RankingEntry>, { file: `${problem}-ranking.csv`, columns, rows: entries }),
        h('a', { class: 'button', href: image }, 'SVG'),
      ),
    },
    model.note === null ? null : h('p', { class: 'notice info small', style: { margin: '0 1rem 0.6rem' } }, model.note),
    filtered.error ? failure(filtered.error) : null,
    isFiltered && filtered.data === null && !filtered.error
      ? loading()
      : entries.length === 0
        ? empty(
            'None of the ranked candidates fits these filters.',
            h('a', { href: hrefWith({ submitter: null, language: null, sweep: null }) }, 'Show all'),
          )
        : h(VirtualTable<RankingEntry>, {
            caption: `Ranking on ${model.deviceModel}`,
            // Programs are in one language, and their times need the room.
            columns: ofClass === 'program' ? columns.filter(({ title }) => title !== 'Language') : columns,
            rows: entries,
            keyOf: ({ candidateId }) => candidateId,
            isMarked: ({ record }) => record,
          }),
    h('div', { style: { padding: '0.6rem 1rem' } }, failures(problem, failed)),
  );
};

const noteOf = (count: number, isFiltered: boolean): string => {
  const size = count === RANKED_MAX ? `the first ${grouped(RANKED_MAX)}` : counted(count, 'candidate');
  return isFiltered ? `${size}, ranked among themselves` : size;
};

interface FilterProps {
  readonly problem: string;
  readonly model: RankingView['models'][number];
  readonly filters: Filters;
}

/** Offered is what the ranking holds, and what the address already names. Whoever came by a share link is told no sweeps. */
const FilterFields = ({ problem, model, filters }: FilterProps): readonly JSX.Element[] => {
  const { data } = useAnswer(mayAsk('/v1/sweeps') ? 'sweeps' : null, () => ask('GET', '/v1/sweeps'), {
    on: ({ type }) => type === 'sweep.created',
  });
  const sweeps = (data?.sweeps ?? []).filter((sweep) => sweep.problem === problem && sweep.device === model.device);
  const field = (label: string, key: (typeof FILTERS)[number], values: readonly string[]): JSX.Element =>
    select({
      label,
      value: filters[key] ?? '',
      of: optionsOf(values, filters[key], key === 'sweep' ? shortId : undefined),
      onChoose: (value) => choose({ [key]: value }),
    });
  return [
    field('Submitter', 'submitter', distinct(model.entries.map(({ submitter }) => submitter))),
    field('Language', 'language', distinct(model.entries.map(({ language }) => language))),
    field(
      'Sweep',
      'sweep',
      sweeps.map(({ id }) => id),
    ),
  ];
};

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].toSorted();

export const failures = (problem: string, failed: RankingView['failed']): JSX.Element | null => {
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

const MARK_TONES = {
  record: 'accent',
  'shorter time than the first': 'warn',
  'stopped early': '',
  'ties the record': '',
} as const;

const markCell = (entry: RankingEntry, holder: CandidateId | undefined): JSX.Element | '' => {
  const mark = rankingMark(entry, holder);
  return mark === null ? '' : badge(mark, MARK_TONES[mark], stoppedText(entry.score) ?? mark);
};

const columnsFor = (range: readonly [number, number], holder: CandidateId | undefined): readonly Column<RankingEntry>[] => [
  { title: 'Place', isNumber: true, cell: ({ place }) => place, text: ({ place }) => place },
  { title: 'Candidate', cell: ({ candidateId }) => candidateLink(candidateId), text: ({ candidateId }) => candidateId },
  {
    title: 'Mark',
    room: { percent: 6, leastRem: 4.7 },
    cell: (entry) => markCell(entry, holder),
    text: (entry) => rankingMark(entry, holder) ?? '',
  },
  {
    title: 'Speed-up',
    isNumber: true,
    cell: ({ score }) => h('strong', null, times(score.speedup)),
    text: ({ score }) => score.speedup,
  },
  {
    title: 'Params',
    room: { percent: 26, leastRem: 6 },
    cell: ({ params }) => h('code', { title: paramsText(params) }, paramsText(params)),
    text: ({ params }) => paramsText(params),
  },
  {
    title: '95 % interval',
    room: { percent: 12, leastRem: 6.6 },
    cell: ({ score }) => (score.stopped ? '' : draw(intervalCell(score, range))),
  },
  {
    title: 'from, to',
    cell: ({ score }) => h('span', { class: 'soft' }, interval(score.speedupLow, score.speedupHigh)),
    text: ({ score }) => interval(score.speedupLow, score.speedupHigh),
  },
  { title: 'Ranks as', isNumber: true, cell: ({ score }) => times(score.rankKey), text: ({ score }) => score.rankKey },
  { title: 'Time', isNumber: true, cell: ({ score }) => shortTimeText(score), text: ({ score }) => score.timeNs },
  {
    title: 'Of floor',
    isNumber: true,
    cell: ({ score }) => (score.floorShare === null ? '–' : percent(score.floorShare)),
    text: ({ score }) => score.floorShare,
  },
  {
    title: 'Measured',
    room: { percent: 7, leastRem: 5.5 },
    cell: ({ score }) => h('span', { title: basisText(score) }, basisText(score)),
    text: ({ score }) => basisText(score),
  },
  {
    title: 'Submitter',
    room: { percent: 8, leastRem: 5.6 },
    cell: ({ submitter }) => name(submitter, 30),
    text: ({ submitter }) => submitter,
  },
  {
    title: 'Judged',
    cell: ({ finishedAt }) => h('span', { class: 'soft', title: moment(finishedAt) }, shortMoment(finishedAt)),
    text: ({ finishedAt }) => finishedAt,
  },
  { title: 'Language', cell: ({ language }) => language, text: ({ language }) => language },
];
