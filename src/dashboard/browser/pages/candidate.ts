/** One candidate: what it is, what became of it, why it waits, and how it differs from others. */
import { h, type JSX } from 'preact';
import type { FinishedAttempt } from '../../../domain/attempt.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import type { Score } from '../../../domain/ranking/ranking.ts';
import {
  basisText,
  judgedAgainText,
  modeText,
  pairText,
  semanticsText,
  shortTimeText,
  stoppedText,
  WHOLE,
} from '../../../domain/text/describe.ts';
import { paramsText } from '../../../domain/text/params-text.ts';
import { bytes, grouped, interval, milliseconds, percent, times } from '../../../domain/text/units.ts';
import { plainLine, plainText } from '../../../platform/printable-text.ts';
import { type Answer, ask } from '../live/api.ts';
import { hrefWith, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import {
  candidateLink,
  CopyButton,
  empty,
  failure,
  fields,
  loading,
  name,
  Panel,
  problemLink,
  statusBadge,
  tile,
} from '../parts/elements.ts';
import { CandidateActions } from '../parts/candidate-actions.ts';
import { PlanPanel } from '../parts/plan-panel.ts';
import { ProfilePanel } from '../parts/profile-panel.ts';
import { CaseTimes, FloorPanel } from '../parts/record-cases.ts';
import { ShareMenu } from '../parts/share-menu.ts';
import { SourcePanel } from '../parts/source-panel.ts';
import { moment, shortMoment } from '../parts/time.ts';
import { WhyPanel } from '../parts/why-panel.ts';
import { TablePanel } from '../parts/table-panel.ts';
import type { Column } from '../parts/virtual-table.ts';

const TABS = [
  ['result', 'Result'],
  ['source', 'Source and differences'],
  ['plan', 'Launch plan'],
  ['profile', 'Profile'],
] as const;

export const CandidatePage = ({ id }: { readonly id: string }): JSX.Element => {
  const asked = useAnswer(`candidate ${id}`, () => ask('GET', '/v1/candidates/:id', { params: { id } }), {
    on: ({ candidateId }) => candidateId?.startsWith(id) ?? false,
    pauseMs: 300,
  });
  const tab = TABS.find(([key]) => key === query.value.get('tab'))?.[0] ?? 'result';
  if (asked.data === null)
    return h('div', { class: 'page' }, h('h1', null, 'Candidate'), asked.error ? failure(asked.error) : loading());
  const candidate = asked.data;
  const { submission, state } = candidate;
  const verdict = state.status === 'done' ? state.outcome.verdict : null;
  return h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'title' },
      h('h1', { class: 'mono' }, candidate.id.slice(0, 14)),
      statusBadge(state.status, verdict),
      h('span', { class: 'sub' }, problemLink(submission.problem), ` on ${submission.device} · ${submission.language}`),
      h(
        'div',
        { class: 'end' },
        h(CopyButton, { text: candidate.id, label: 'Copy id' }),
        h(CandidateActions, { candidate, onDone: asked.again }),
        h(ShareMenu, null),
      ),
    ),
    asked.error ? failure(asked.error) : null,
    h(WhyPanel, { candidate }),
    h(
      'nav',
      { class: 'tabs', 'aria-label': 'Parts' },
      TABS.map(([key, text]) =>
        h(
          'a',
          {
            key,
            href: hrefWith({ tab: key === 'result' ? null : key }),
            ...(key === tab ? { 'aria-current': 'page' as const } : {}),
          },
          text,
        ),
      ),
    ),
    tab === 'result' ? h(ResultTab, { candidate }) : null,
    tab === 'source' ? h(SourcePanel, { candidate }) : null,
    tab === 'plan' ? h(PlanPanel, { id: candidate.id }) : null,
    tab === 'profile' ? h(ProfilePanel, { candidate }) : null,
  );
};

const ResultTab = ({ candidate }: { readonly candidate: Candidate }): JSX.Element => {
  const { score, submission } = candidate;
  const ranking = useAnswer(score === null ? null : `ranking ${submission.problem}${score.answers ? ' by answers' : ''}`, () =>
    ask('GET', '/v1/problems/:name/ranking', {
      params: { name: submission.problem },
      query: { limit: 1, device: submission.device, ...(score?.answers && { class: 'program' as const }) },
    }),
  );
  const holderId =
    ranking.data?.models
      .find(({ deviceModel }) => deviceModel === score?.deviceModel)
      ?.entries.find(({ record: isRecord }) => isRecord)?.candidateId ?? null;
  const other = holderId !== null && holderId !== candidate.id ? holderId : null;
  const holder = useAnswer(other, () => ask('GET', '/v1/candidates/:id', { params: { id: other ?? '' } }));
  return h(
    'div',
    { class: 'stack' },
    score === null
      ? null
      : h(
          'dl',
          { class: 'tiles' },
          tile('Speed-up', times(score.speedup), rangeText(score)),
          tile(score.answers ? 'Time to answers' : 'Time', shortTimeText(score), timeNote(score)),
          tile(
            'Of floor',
            score.floorShare === null ? '–' : percent(score.floorShare),
            score.floorShare === null ? 'no ceiling is known' : 'of what the device allows',
          ),
          tile('Ranks as', times(score.rankKey), holderId === candidate.id ? 'holds the record' : basisText(score)),
        ),
    h(CaseTimes, { candidate, holder: holder.data }),
    h(FloorPanel, { candidate }),
    h('div', { class: 'columns' }, h(Facts, { candidate }), h(Resources, { candidate })),
    h(Attempts, { candidate }),
    h(CompileLog, { candidate }),
  );
};

const timeNote = ({ answers }: Score): string => `${answers ? `${semanticsText(answers)}: ` : ''}geometric mean of the medians`;

const rangeText = ({ stopped, speedupLow, speedupHigh }: Score): string =>
  stopped ? `stopped early, at most ${times(stopped.speedupMost)}` : `95 % interval ${interval(speedupLow, speedupHigh)}`;

const Facts = ({ candidate }: { readonly candidate: Candidate }): JSX.Element => {
  const origin = useAnswer(`origin ${candidate.id}`, () =>
    ask('GET', '/v1/candidates/:id/origin', { params: { id: candidate.id } }),
  );
  return h(Panel, { title: 'Facts' }, fields([...submissionFacts(candidate), ...originFacts(origin.data?.generation ?? null)]));
};

type FactRow = Parameters<typeof fields>[0][number];

const submissionFacts = (candidate: Candidate): readonly FactRow[] => {
  const { submission, state, score, judgedAgain, byAnswers, infraFailures } = candidate;
  return [
    ['Id', h('span', { class: 'mono' }, candidate.id)],
    ['Params', Object.keys(submission.params).length === 0 ? null : h('code', null, paramsText(submission.params))],
    [
      'Submitter',
      h('a', { href: `/candidates?submitter=${encodeURIComponent(submission.submitter)}` }, name(submission.submitter)),
    ],
    ['Submitted', moment(candidate.submittedAt)],
    ['Finished', state.status === 'done' ? moment(state.finishedAt) : null],
    ['Device', score?.deviceModel ?? null],
    ['Measured', score && (score.confirmed ? basisText(score) : `${basisText(score)}, not confirmed`)],
    ['Stopped early', score && stoppedText(score)],
    ['Pair', score && pairText(score)],
    ['By answers', byAnswers && plainLine(byAnswers.reason, WHOLE)],
    ['Judged again', judgedAgain && judgedAgainText(judgedAgain)],
    ['Infra failures', infraFailures === 0 ? null : String(infraFailures)],
    ['Trial', submission.trial === 0 ? null : `${submission.trial} (not ranked)`],
    ['Labels', submission.labels.map((label) => plainLine(label)).join(', ')],
    [
      'Sweep',
      submission.sweepId === null ? null : h('a', { class: 'mono', href: `/sweeps/${submission.sweepId}` }, submission.sweepId),
    ],
  ];
};

/** Of one that an agent wrote. */
const originFacts = (generation: Answer<'/v1/candidates/:id/origin'>['generation']): readonly FactRow[] =>
  generation === null
    ? []
    : [
        ['Campaign', h('a', { class: 'mono', href: `/campaigns/${generation.campaignId}` }, generation.campaignId)],
        [
          'Written by',
          `${generation.generator}, ${generation.move}${generation.idea === '' ? '' : `: ${plainLine(generation.idea)}`}`,
        ],
        [
          'Parents',
          generation.parents.length === 0
            ? null
            : h(
                'span',
                { class: 'row' },
                generation.parents.map((parent) => candidateLink(parent)),
              ),
        ],
      ];

type KernelRow = readonly [string, NonNullable<Candidate['resources']>[string]];

const Resources = ({ candidate: { id, resources } }: { readonly candidate: Candidate }): JSX.Element | null => {
  const rows: readonly KernelRow[] = Object.entries(resources ?? {});
  if (rows.length === 0) return null;
  return h(TablePanel<KernelRow>, {
    title: 'Compiled code',
    note: 'per thread; shared memory per block',
    file: `${id.slice(0, 10)}-kernels.csv`,
    columns: KERNEL_COLUMNS,
    rows,
    keyOf: ([kernel]) => kernel,
    whenEmpty: empty('The compiler told nothing.'),
  });
};

const KERNEL_COLUMNS: readonly Column<KernelRow>[] = [
  { title: 'Kernel', cell: ([kernel]) => h('code', null, plainLine(kernel)), text: ([kernel]) => kernel },
  { title: 'Registers', isNumber: true, cell: ([, { registers }]) => registers, text: ([, { registers }]) => registers },
  {
    title: 'Static shared',
    isNumber: true,
    cell: ([, { sharedBytes }]) => bytes(sharedBytes),
    text: ([, { sharedBytes }]) => sharedBytes,
  },
  {
    title: 'Spills',
    isNumber: true,
    cell: ([, { spillBytes }]) => bytes(spillBytes),
    text: ([, { spillBytes }]) => spillBytes,
  },
];

const ATTEMPT_COLUMNS: readonly Column<FinishedAttempt>[] = [
  {
    title: 'Attempt',
    isNumber: true,
    cell: ({ attemptId }) => attemptId.slice(attemptId.lastIndexOf('.') + 1),
    text: ({ attemptId }) => attemptId,
  },
  { title: 'Mode', cell: modeText, text: modeText },
  {
    title: 'Result',
    cell: ({ verdict, infra }) =>
      verdict === null
        ? h('span', { class: 'badge warn', title: infra ?? '' }, `infra: ${plainLine(infra ?? 'unknown', 60)}`)
        : statusBadge('done', verdict),
    text: ({ verdict, infra }) => verdict ?? `infra: ${infra ?? 'unknown'}`,
  },
  { title: 'Where its time went', cell: (attempt) => phaseBar(attempt) },
  {
    title: 'Took',
    isNumber: true,
    cell: ({ phases }) => (phases === null ? '–' : milliseconds(phases.totalMs)),
    text: ({ phases }) => phases?.totalMs ?? null,
  },
  { title: 'Host', room: { percent: 12, leastRem: 5 }, cell: ({ hostId }) => name(hostId, 30), text: ({ hostId }) => hostId },
  {
    title: 'Device',
    room: { percent: 16, leastRem: 6 },
    cell: ({ deviceModel }) => name(deviceModel, 36),
    text: ({ deviceModel }) => deviceModel,
  },
  {
    title: 'SM clock',
    isNumber: true,
    cell: ({ telemetry }) =>
      telemetry?.smClockMhz === undefined || telemetry.smClockMhz === null ? '–' : `${telemetry.smClockMhz} MHz`,
    text: ({ telemetry }) => telemetry?.smClockMhz ?? null,
  },
  {
    title: 'Temperature',
    isNumber: true,
    cell: ({ telemetry }) =>
      telemetry?.temperatureC === undefined || telemetry.temperatureC === null ? '–' : `${telemetry.temperatureC} °C`,
    text: ({ telemetry }) => telemetry?.temperatureC ?? null,
  },
  {
    title: 'Finished',
    cell: ({ finishedAt }) => h('span', { class: 'soft', title: moment(finishedAt) }, shortMoment(finishedAt)),
    text: ({ finishedAt }) => finishedAt,
  },
];

const phaseBar = ({ phases }: FinishedAttempt): JSX.Element | string => {
  if (phases === null || phases.totalMs <= 0) return '–';
  const parts = [
    ['loading', phases.loadMs],
    ['checking', phases.checkMs],
    ['measuring', phases.measureMs],
  ] as const;
  const label = parts.map(([part, ms]) => `${part} ${milliseconds(ms)}`).join(', ');
  return h(
    'span',
    { class: 'bar', role: 'img', 'aria-label': label, title: label },
    parts.map(([part, ms]) =>
      h('i', { key: part, class: `i-${part}`, style: { width: `${Math.min(100, (ms / phases.totalMs) * 100).toFixed(1)}%` } }),
    ),
  );
};

const Attempts = ({ candidate: { id, attempts } }: { readonly candidate: Candidate }): JSX.Element =>
  h(TablePanel<FinishedAttempt>, {
    title: 'Attempts',
    file: `${id.slice(0, 10)}-attempts.csv`,
    columns: ATTEMPT_COLUMNS,
    rows: attempts,
    keyOf: ({ attemptId }) => attemptId,
    whenEmpty: empty('No device has judged it yet.'),
  });

const LOG_CHARS_SHOWN = 100_000;

const CompileLog = ({ candidate }: { readonly candidate: Candidate }): JSX.Element | null => {
  const log = plainText(candidate.compileLog).trimEnd();
  if (log === '') return null;
  const rest = log.length - LOG_CHARS_SHOWN;
  return h(
    Panel,
    { title: 'Compile log', note: "the compiler's messages", actions: h(CopyButton, { text: log }) },
    h('pre', { class: 'log', tabIndex: 0 }, h('bdi', null, log.slice(0, LOG_CHARS_SHOWN))),
    rest > 0 ? h('p', { class: 'soft small' }, `${grouped(rest)} characters more: kiln show ${candidate.id} --json`) : null,
  );
};
