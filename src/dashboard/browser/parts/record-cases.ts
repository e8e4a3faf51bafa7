/** The record of a model, case by case: times against the baseline, and against what the device allows. */
import { h, type JSX } from 'preact';
import type { RankingView } from '../../../domain/api/problems.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import type { LibraryTime } from '../../../domain/library.ts';
import { timingsOf } from '../../../domain/passed-timings.ts';
import { comparedScore } from '../../../domain/ranking/compared-score.ts';
import { libraryNsOf, libraryOn, librarySource } from '../../../domain/text/library-text.ts';
import { nanoseconds, percent } from '../../../domain/text/units.ts';
import { casePlot } from '../../plots/case-plot.ts';
import { rooflinePlot, type RooflinePoint, type Roofs } from '../../plots/roofline-plot.ts';
import { type Answer, ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { draw } from './draw.ts';
import { candidateLink, empty, failure, loading, Panel, shareBar } from './elements.ts';
import { type Column, CsvButton, VirtualTable } from './virtual-table.ts';

export const RecordCases = ({ model }: { readonly model: RankingView['models'][number] }): JSX.Element => {
  const first = model.entries.find(({ record }) => record) ?? model.entries[0];
  const id = first?.candidateId ?? null;
  const { data, error } = useAnswer(id, () => ask('GET', '/v1/candidates/:id', { params: { id: id ?? '' } }));
  if (error) return failure(error);
  if (data === null) return id === null ? empty('Nothing has passed yet.') : loading();
  return h(
    'div',
    { class: 'stack' },
    h('p', null, 'The record is ', candidateLink(data.id), '.'),
    h(CaseTimes, { candidate: data, holder: null }),
    h(FloorPanel, { candidate: data }),
  );
};

interface CaseProps {
  readonly candidate: Candidate;
  /** The record holder's, where it is another. */
  readonly holder: Candidate | null;
}

export const CaseTimes = ({ candidate, holder }: CaseProps): JSX.Element | null => {
  const timings = timingsOf(candidate);
  if (timings.length === 0) return null;
  const held = new Map(timingsOf(holder).map((timing) => [timing.case, timing.candidate]));
  return h(
    Panel,
    { title: 'Times by case', note: 'bar: median and its 95 % interval; line: from 10 % to 95 % of the runs' },
    draw(casePlot(timings.map((timing) => ({ timing, record: held.get(timing.case) ?? null })))),
  );
};

const PLOT = { width: 620, height: 300 };

const NOTES = {
  vendor: "the vendor's peak rates",
  measured: 'the rate of a large copy, measured on the device; what fits its caches may be faster',
} as const;

/** Shares of what the device allows. */
export const FloorPanel = ({ candidate }: { readonly candidate: Candidate }): JSX.Element | null => {
  const plan = useAnswer(`plan ${candidate.id}`, () => ask('GET', '/v1/candidates/:id/plan', { params: { id: candidate.id } }));
  const { submission, score } = candidate;
  const library = useAnswer(comparedScore(score) === null ? null : `library ${submission.problem}`, () =>
    ask('GET', '/v1/problems/:name/library', { params: { name: submission.problem } }),
  );
  const time = libraryOn(library.data?.models ?? [], score?.deviceModel ?? '');
  const ceilings = plan.data?.ceilings ?? null;
  if (timingsOf(candidate).length === 0 || plan.data === null || ceilings === null) return null;
  const points = pointsOf(candidate, plan.data);
  const roofline = rooflinePlot(points, ceilings, PLOT);
  const rows = floorRows(points, ceilings, time?.cases ?? []);
  const columns = rows.some(({ libraryNs }) => libraryNs !== null) ? [...FLOOR_COLUMNS, LIBRARY_COLUMN] : FLOOR_COLUMNS;
  return h(
    Panel,
    {
      title: 'Against what the device allows',
      note: NOTES[ceilings.source],
      actions: h(CsvButton<FloorRow>, { file: `${candidate.id.slice(0, 10)}-floor.csv`, columns, rows }),
    },
    h(
      'div',
      { class: 'columns' },
      h(VirtualTable<FloorRow>, {
        caption: 'Times against the floor',
        columns,
        rows,
        keyOf: ({ case: name }) => name,
      }),
      roofline === null ? null : h('div', null, draw(roofline)),
    ),
    time === null ? null : h('p', { class: 'soft small' }, `Library: ${librarySource(time)}`),
  );
};

const pointsOf = (candidate: Candidate, plan: Answer<'/v1/candidates/:id/plan'>): readonly RooflinePoint[] => {
  const works = new Map(plan.cases.map((item) => [item.name, item]));
  return timingsOf(candidate).flatMap((timing) => {
    const work = works.get(timing.case);
    return work === undefined
      ? []
      : [{ case: timing.case, bytes: work.bytes, flops: work.flops, timeNs: timing.candidate.medianNs, series: 1 as const }];
  });
};

interface FloorRow {
  readonly case: string;
  readonly timeNs: number;
  readonly floorNs: number;
  /** Null where it is not known. */
  readonly libraryNs: number | null;
}

const floorRows = (
  points: readonly RooflinePoint[],
  { bytesPerSecond, flopsPerSecond }: Roofs,
  library: LibraryTime['cases'],
): readonly FloorRow[] =>
  points.map(({ case: name, bytes, flops, timeNs }) => ({
    case: name,
    timeNs,
    floorNs: Math.max(bytes / bytesPerSecond, flopsPerSecond === null ? 0 : flops / flopsPerSecond) * 1e9,
    libraryNs: libraryNsOf(library, name),
  }));

const FLOOR_COLUMNS: readonly Column<FloorRow>[] = [
  { title: 'Case', cell: ({ case: name }) => name, text: ({ case: name }) => name },
  { title: 'Time', isNumber: true, cell: ({ timeNs }) => nanoseconds(timeNs), text: ({ timeNs }) => timeNs },
  { title: 'Floor', isNumber: true, cell: ({ floorNs }) => nanoseconds(floorNs), text: ({ floorNs }) => floorNs },
  {
    title: 'Of floor',
    isNumber: true,
    cell: ({ floorNs, timeNs }) => percent(floorNs / timeNs),
    text: ({ floorNs, timeNs }) => floorNs / timeNs,
  },
  {
    title: 'Share',
    cell: ({ case: name, floorNs, timeNs }) =>
      shareBar([{ name: 'of floor', part: Math.min(1, floorNs / timeNs), className: 'i-accent' }], name),
  },
];

const LIBRARY_COLUMN: Column<FloorRow> = {
  title: 'Library',
  isNumber: true,
  cell: ({ libraryNs }) => (libraryNs === null ? '–' : nanoseconds(libraryNs)),
  text: ({ libraryNs }) => libraryNs,
};
