/** One candidate: what it is, what became of it, why it waits, and how it differs from others. */
import { h, type JSX } from 'preact';
import type { FinishedAttempt } from '../../../domain/attempt.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import type { Score } from '../../../domain/ranking/ranking.ts';
import { basisText, judgedAgainText, pairText, reasonText, stoppedText, WHOLE } from '../../../domain/text/describe.ts';
import { paramsText } from '../../../domain/text/params-text.ts';
import { bytes, grouped, interval, milliseconds, nanoseconds, percent, times } from '../../../domain/text/units.ts';
import { plainLine, plainText } from '../../../platform/printable-text.ts';
import { type Answer, ask } from '../live/api.ts';
import { go, hrefWith, query } from '../live/router.ts';
import { type Asked, useAnswer } from '../live/use-answer.ts';
import { Action } from '../parts/action.ts';
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
import { PlanPanel } from '../parts/plan-panel.ts';
import { ProfilePanel } from '../parts/profile-panel.ts';
import { CaseTimes, FloorPanel } from '../parts/record-cases.ts';
import { SourcePanel } from '../parts/source-panel.ts';
import { ago, moment } from '../parts/time.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';

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
        h(Actions, { candidate, onDone: asked.again }),
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

const Actions = ({
  candidate,
  onDone,
}: {
  readonly candidate: Candidate;
  readonly onDone: Asked<unknown>['again'];
}): JSX.Element => {
  const { id, state } = candidate;
  if (state.status !== 'done') {
    return h(Action, {
      label: 'Cancel',
      run: async () => ask('DELETE', '/v1/candidates/:id', { params: { id } }).then(() => 'cancelled'),
      onDone,
    });
  }
  return h('span', { class: 'row' }, h(Action, { label: 'Judge again', run: async () => judgeAgain(candidate), onDone }));
};

/** The same content under the next trial: a candidate of its own, which is not ranked. */
const judgeAgain = async ({ id, submission }: Candidate): Promise<string> => {
  const source = await ask('GET', '/v1/candidates/:id/source', { params: { id } });
  const { problem, language, params, device, priority, trial } = submission;
  const answer = await ask('POST', '/v1/candidates', {
    body: { problem, language, params, device, priority, source, trial: trial + 1, submitter: submission.submitter },
  });
  const [again] = answer.candidates;
  if (again !== undefined) go(`/candidates/${again.id}`);
  return 'submitted as another trial';
};

/** Why it waits, or why it did not pass. */
const WhyPanel = ({ candidate }: { readonly candidate: Candidate }): JSX.Element | null => {
  const { state, submission } = candidate;
  const isWaiting = state.status !== 'done';
  const queue = useAnswer(isWaiting ? 'queue' : null, () => ask('GET', '/v1/queue'), { on: () => true, pauseMs: 2000 });
  if (state.status === 'done') {
    const reason = reasonText(state.outcome, WHOLE);
    return reason === ''
      ? null
      : h('div', { class: `notice ${state.outcome.verdict === 'passed' ? 'good' : 'bad'}` }, h('p', null, reason));
  }
  const own = queue.data?.byDevice.find(({ device }) => device === submission.device);
  const where = 'hostId' in state ? ` on ${state.hostId}` : '';
  const waits =
    own?.blocked ??
    (own === undefined
      ? null
      : `${grouped(own.waiting)} candidates wait for ${own.device}, ${own.slots} devices take them${own.etaSeconds === null ? '' : `; all of it is judged in about ${Math.ceil(own.etaSeconds)} s`}`);
  return h(
    'div',
    { class: `notice ${own?.blocked ? 'warn' : 'info'}`, role: 'status' },
    h(
      'p',
      null,
      h('strong', null, `${state.status}${where}`),
      state.status === 'queued' && waits !== null ? `: ${plainLine(waits, 600)}` : '',
    ),
    h('span', { class: 'soft small' }, `submitted ${ago(candidate.submittedAt)}, priority ${submission.priority}`),
  );
};

const ResultTab = ({ candidate }: { readonly candidate: Candidate }): JSX.Element => {
  const { score, submission } = candidate;
  const ranking = useAnswer(score === null ? null : `ranking ${submission.problem}`, () =>
    ask('GET', '/v1/problems/:name/ranking', {
      params: { name: submission.problem },
      query: { limit: 1, device: submission.device },
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
          tile('Time', nanoseconds(score.timeNs), 'geometric mean of the medians'),
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
  const { submission, state, score, judgedAgain, infraFailures } = candidate;
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

const Resources = ({ candidate: { resources } }: { readonly candidate: Candidate }): JSX.Element | null => {
  const kernels = Object.entries(resources ?? {});
  if (kernels.length === 0) return null;
  return h(
    Panel,
    { title: 'Compiled code', note: 'per thread; shared memory per block', isFlush: true },
    h(
      'div',
      { class: 'scroll', tabIndex: 0 },
      h(
        'table',
        null,
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            ['Kernel', 'Registers', 'Static shared', 'Spills'].map((title, index) =>
              h('th', { key: title, scope: 'col', class: index === 0 ? '' : 'num' }, title),
            ),
          ),
        ),
        h(
          'tbody',
          null,
          kernels.map(([kernel, { registers, sharedBytes, spillBytes }]) =>
            h(
              'tr',
              { key: kernel },
              h('td', null, h('code', null, plainLine(kernel))),
              h('td', { class: 'num' }, registers),
              h('td', { class: 'num' }, bytes(sharedBytes)),
              h('td', { class: 'num' }, bytes(spillBytes)),
            ),
          ),
        ),
      ),
    ),
  );
};

const ATTEMPT_COLUMNS: readonly Column<FinishedAttempt>[] = [
  {
    title: 'Attempt',
    isNumber: true,
    cell: ({ attemptId }) => attemptId.slice(attemptId.lastIndexOf('.') + 1),
    text: ({ attemptId }) => attemptId,
  },
  { title: 'Mode', cell: ({ mode }) => mode, text: ({ mode }) => mode },
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
  { title: 'Host', cell: ({ hostId }) => name(hostId, 30), text: ({ hostId }) => hostId },
  { title: 'Device', cell: ({ deviceModel }) => name(deviceModel, 36), text: ({ deviceModel }) => deviceModel },
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
    cell: ({ finishedAt }) => h('span', { class: 'soft' }, moment(finishedAt)),
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
  h(
    Panel,
    {
      title: 'Attempts',
      isFlush: true,
      actions: h(CsvButton<FinishedAttempt>, {
        file: `${id.slice(0, 10)}-attempts.csv`,
        columns: ATTEMPT_COLUMNS,
        rows: attempts,
      }),
    },
    attempts.length === 0
      ? empty('No device has judged it yet.')
      : h(VirtualTable<FinishedAttempt>, {
          caption: 'Attempts',
          columns: ATTEMPT_COLUMNS,
          rows: attempts,
          keyOf: ({ attemptId }) => attemptId,
        }),
  );

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
