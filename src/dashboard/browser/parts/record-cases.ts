/** The record of a model, case by case: times against the baseline, and against what the device allows. */
import { h, type JSX } from 'preact';
import type { RankingView } from '../../../domain/api/problems.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import { nanoseconds, percent } from '../../../domain/text/units.ts';
import { casePlot } from '../../plots/case-plot.ts';
import { rooflinePlot, type RooflinePoint, type Roofs } from '../../plots/roofline-plot.ts';
import { type Answer, ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { draw } from './draw.ts';
import { candidateLink, empty, failure, loading, Panel, shareBar } from './elements.ts';

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

const timingsOf = (candidate: Candidate | null) =>
  candidate?.state.status === 'done' && candidate.state.outcome.verdict === 'passed' ? candidate.state.outcome.timings : [];

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
  const ceilings = plan.data?.ceilings ?? null;
  if (timingsOf(candidate).length === 0 || plan.data === null || ceilings === null) return null;
  const points = pointsOf(candidate, plan.data);
  const roofline = rooflinePlot(points, ceilings, PLOT);
  return h(
    Panel,
    { title: 'Against what the device allows', note: NOTES[ceilings.source] },
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'scroll', tabIndex: 0 }, floorTable(points, ceilings)),
      roofline === null ? null : h('div', null, draw(roofline)),
    ),
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

const floorTable = (points: readonly RooflinePoint[], { bytesPerSecond, flopsPerSecond }: Roofs): JSX.Element =>
  h(
    'table',
    null,
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        ['Case', 'Time', 'Floor', 'Of floor', ''].map((title, index) =>
          h(
            'th',
            { key: title, scope: 'col', class: index === 0 ? '' : 'num' },
            title === '' ? h('span', { class: 'visually-hidden' }, 'as a bar') : title,
          ),
        ),
      ),
    ),
    h(
      'tbody',
      null,
      points.map(({ case: key, bytes, flops, timeNs }) => {
        const floorNs = Math.max(bytes / bytesPerSecond, flopsPerSecond === null ? 0 : flops / flopsPerSecond) * 1e9;
        const share = floorNs / timeNs;
        return h(
          'tr',
          { key },
          h('td', null, key),
          h('td', { class: 'num' }, nanoseconds(timeNs)),
          h('td', { class: 'num' }, nanoseconds(floorNs)),
          h('td', { class: 'num' }, percent(share)),
          h('td', null, shareBar([{ name: 'of floor', part: Math.min(1, share), className: 'i-accent' }], key)),
        );
      }),
    ),
  );
