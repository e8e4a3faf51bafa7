/** Why a candidate waits: in one sentence, with what somebody could do, and device by device what keeps each from taking it. */
import { h, type JSX } from 'preact';
import type { WhyDevice } from '../../../domain/api/why.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import { reasonText, WHOLE } from '../../../domain/text/describe.ts';
import { grouped, seconds } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { type Answer, ask } from '../live/api.ts';
import { IS_SHARED } from '../live/share.ts';
import { useAnswer } from '../live/use-answer.ts';
import { badge, empty, name, type Tone } from './elements.ts';
import { TablePanel } from './table-panel.ts';
import { ago } from './time.ts';
import type { Column } from './virtual-table.ts';

type Why = Answer<'/v1/candidates/:id/why'>;

/** Of what is done: why it did not pass. */
export const WhyPanel = ({ candidate }: { readonly candidate: Candidate }): JSX.Element | null =>
  candidate.state.status === 'done' ? h(Outcome, { candidate }) : h(Waiting, { candidate });

const Outcome = ({ candidate: { state } }: { readonly candidate: Candidate }): JSX.Element | null => {
  const reason = state.status === 'done' ? reasonText(state.outcome, WHOLE) : '';
  if (state.status !== 'done' || reason === '') return null;
  return h('div', { class: `notice ${state.outcome.verdict === 'passed' ? 'good' : 'bad'}` }, h('p', null, reason));
};

/** Nobody waits for these: time alone brings them on. */
const UNDER_WAY: ReadonlySet<string> = new Set(['judging', 'confirming', 'compiling', 'transferring']);

const Waiting = ({ candidate }: { readonly candidate: Candidate }): JSX.Element => {
  const { id, submission, state } = candidate;
  const { data } = useAnswer(IS_SHARED ? null : `why ${id}`, () => ask('GET', '/v1/candidates/:id/why', { params: { id } }), {
    on: () => true,
    pauseMs: 2000,
    everyMs: 10_000,
  });
  return h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: `notice ${data === null || data.todo === null ? 'info' : 'warn'}`, role: 'status' },
      h('p', null, h('strong', null, state.status), data === null ? '' : `: ${plainLine(data.summary, 600)}`),
      data?.todo ? h('p', null, plainLine(data.todo, 600)) : null,
      h('span', { class: 'soft small' }, waitingFacts(candidate, data)),
      data?.notes.map((note) => h('p', { key: note, class: 'soft small' }, plainLine(note, 400))),
    ),
    data === null || UNDER_WAY.has(data.code)
      ? null
      : h(TablePanel<WhyDevice>, {
          title: `Devices of ${submission.device}`,
          note: 'what keeps each from taking it now',
          file: `${id.slice(0, 10)}-devices.csv`,
          columns: DEVICE_COLUMNS,
          rows: data.devices,
          keyOf: ({ host, device }) => `${host} ${device ?? ''}`,
          whenEmpty: empty('No host of the fleet has a device of this class.', h('a', { href: '/fleet' }, 'To the fleet')),
        }),
  );
};

const waitingFacts = ({ submittedAt, submission: { priority } }: Candidate, why: Why | null): string =>
  [
    `submitted ${ago(submittedAt)}`,
    `priority ${priority}`,
    ...(why?.position ? [`${grouped(why.position.ahead)} before it${why.position.isExact ? '' : ' at least'}`] : []),
    ...(why?.eta ? [`its verdict in about ${seconds(why.eta.seconds)} (${plainLine(why.eta.how, 160)})`] : []),
  ].join(' · ');

const CAN: Readonly<Record<WhyDevice['can'], readonly [string, Tone]>> = {
  takes: ['takes it', 'good'],
  busy: ['in its turn', 'info'],
  no: ['not now', 'warn'],
};

const DEVICE_COLUMNS: readonly Column<WhyDevice>[] = [
  { title: 'Host', cell: ({ host }) => name(host, 30), text: ({ host }) => host },
  {
    title: 'Device',
    cell: ({ model, device }) => name(model ?? device ?? '–', 44),
    text: ({ model, device }) => model ?? device,
  },
  { title: 'Takes it', cell: ({ can }) => badge(...CAN[can]), text: ({ can }) => can },
  { title: 'Why', cell: ({ reason }) => name(reason, 160), text: ({ reason }) => reason },
];
