/** Candidates by the ten thousand, newest first, in pages that come as they are scrolled to. */
import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CandidateSummary } from '../../../domain/api/candidates.ts';
import type { Verdict } from '../../../domain/outcome.ts';
import { shortTimeText } from '../../../domain/text/describe.ts';
import { grouped, interval } from '../../../domain/text/units.ts';
import { paramsText } from '../../../domain/text/params-text.ts';
import { FIRST_LIMITS } from '../../model/first-questions.ts';
import { type NewestFirst, type ReadPage, withFirst, withOlder } from '../../model/newest-first.ts';
import { type Answer, ask } from '../live/api.ts';
import { choose, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import {
  candidateLink,
  empty,
  failure,
  loading,
  name,
  optionsOf,
  Panel,
  problemLink,
  select,
  speedupCell,
  statusBadge,
  textField,
} from '../parts/elements.ts';
import { moment, shortMoment } from '../parts/time.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';

const PAGE = FIRST_LIMITS.candidates;
const FILTERS = ['problem', 'device', 'status', 'verdict', 'submitter', 'language', 'sweep'] as const;
const STATUSES = ['queued', 'compiling', 'ready', 'judging', 'confirming', 'done'] as const;
const VERDICTS: readonly Verdict[] = [
  'passed',
  'compile_error',
  'plan_error',
  'wrong_answer',
  'modified_input',
  'out_of_bounds',
  'crashed',
  'timed_out',
  'implausible',
  'cancelled',
  'infra_failed',
];
const LANGUAGES = ['cuda', 'triton', 'c', 'python'] as const;

interface Listed {
  /** The filters that it is of. */
  readonly key: string;
  readonly list: NewestFirst<CandidateSummary>;
}

const SHOWN: ReadonlySet<string> = new Set(['candidate.queued', 'candidate.queued_again', 'candidate.judging', 'candidate.done']);

const keyOf = ({ id }: CandidateSummary): string => id;
const pageOf = ({ candidates, next }: Answer<'/v1/summaries'>): ReadPage<CandidateSummary> => ({ rows: candidates, next });

export const CandidatesPage = (): JSX.Element => {
  const filters = Object.fromEntries(FILTERS.flatMap((key) => (query.value.get(key) ? [[key, query.value.get(key) ?? '']] : [])));
  const key = JSON.stringify(filters);
  const first = useAnswer(`summaries ${key}`, () => ask('GET', '/v1/summaries', { query: { ...filters, limit: PAGE } }), {
    on: ({ type }) => SHOWN.has(type),
    pauseMs: 2000,
  });
  const [listed, setListed] = useState<Listed | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    const page = first.data && pageOf(first.data);
    if (page !== null) setListed((before) => ({ key, list: withFirst(before?.key === key ? before.list : null, page, keyOf) }));
  }, [key, first.data]);
  const list = listed?.key === key ? listed.list : null;
  const next = list?.next ?? null;
  const more = (): void => {
    if (next === null || isAsking) return;
    setAsking(true);
    void ask('GET', '/v1/summaries', { query: { ...filters, limit: PAGE, cursor: next } })
      .then(
        // The filters may be others by now.
        (answer) => setListed((now) => (now?.key === key ? { key, list: withOlder(now.list, next, pageOf(answer)) } : now)),
        (cause: unknown) => setError(cause instanceof Error ? cause : new Error(String(cause))),
      )
      .then(() => setAsking(false));
  };
  const rows = list?.rows ?? [];
  const problem = first.error ?? error;
  return h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'title' },
      h('h1', null, 'Candidates'),
      h('span', { class: 'sub' }, `${grouped(rows.length)}${next === null ? '' : ' and more'}`),
    ),
    problem ? failure(problem) : null,
    h(
      Panel,
      {
        title: 'Newest first',
        isFlush: true,
        actions: [h(Filters, { filters }), h(CsvButton<CandidateSummary>, { file: 'candidates.csv', columns: COLUMNS, rows })],
      },
      list === null
        ? loading()
        : rows.length === 0
          ? empty(
              key === '{}' ? 'Nothing was submitted yet.' : 'No candidate fits these filters.',
              h('a', { class: 'button', href: '/submit' }, 'Submit a candidate'),
            )
          : h(VirtualTable<CandidateSummary>, {
              caption: 'Candidates, newest first',
              columns: COLUMNS,
              rows,
              keyOf,
              onEnd: more,
            }),
    ),
  );
};

const Filters = ({ filters }: { readonly filters: Readonly<Record<string, string>> }): JSX.Element => {
  const problems = useAnswer('problems', () => ask('GET', '/v1/problems'));
  const one = (label: string, field: string, values: readonly string[]): JSX.Element =>
    select({
      label,
      value: filters[field] ?? '',
      of: optionsOf(values, filters[field]),
      onChoose: (value) => choose({ [field]: value }),
    });
  const written = (label: string, field: string): JSX.Element =>
    textField({ label, size: 14, value: filters[field] ?? '', onChoose: (value) => choose({ [field]: value }) });
  return h(
    'div',
    { class: 'filters' },
    one(
      'Problem',
      'problem',
      (problems.data?.problems ?? []).map((problem) => problem.name),
    ),
    written('Device class', 'device'),
    one('Status', 'status', STATUSES),
    one('Verdict', 'verdict', VERDICTS),
    one('Language', 'language', LANGUAGES),
    written('Submitter', 'submitter'),
    filters['sweep'] === undefined ? null : written('Sweep', 'sweep'),
  );
};

const COLUMNS: readonly Column<CandidateSummary>[] = [
  { title: 'Candidate', cell: ({ id }) => candidateLink(id), text: ({ id }) => id },
  {
    title: 'Status',
    cell: ({ status, verdict }) => statusBadge(status, verdict),
    text: ({ status, verdict }) => verdict ?? status,
  },
  {
    title: 'Problem',
    room: { percent: 12, leastRem: 7 },
    cell: ({ problem }) => problemLink(problem),
    text: ({ problem }) => problem,
  },
  { title: 'Device', cell: ({ device }) => device, text: ({ device }) => device },
  {
    title: 'Speed-up',
    isNumber: true,
    cell: speedupCell,
    text: ({ speedup }) => speedup,
  },
  {
    title: '95 % interval',
    cell: ({ speedupLow, speedupHigh }) =>
      speedupLow === null || speedupHigh === null ? '' : h('span', { class: 'soft' }, interval(speedupLow, speedupHigh)),
    text: ({ speedupLow, speedupHigh }) =>
      speedupLow === null || speedupHigh === null ? null : interval(speedupLow, speedupHigh),
  },
  {
    title: 'Time',
    isNumber: true,
    cell: ({ timeNs, answers }) => (timeNs === null ? '' : shortTimeText({ timeNs, ...(answers && { answers }) })),
    text: ({ timeNs }) => timeNs,
  },
  { title: 'Language', cell: ({ language }) => language, text: ({ language }) => language },
  {
    title: 'Params',
    room: { percent: 26, leastRem: 6 },
    cell: ({ params }) => h('code', { title: paramsText(params) }, paramsText(params)),
    text: ({ params }) => paramsText(params),
  },
  {
    title: 'Submitter',
    room: { percent: 10, leastRem: 5.9 },
    cell: ({ submitter }) => name(submitter, 30),
    text: ({ submitter }) => submitter,
  },
  {
    title: 'Submitted',
    cell: ({ submittedAt }) => h('span', { class: 'soft', title: moment(submittedAt) }, shortMoment(submittedAt)),
    text: ({ submittedAt }) => submittedAt,
  },
];
