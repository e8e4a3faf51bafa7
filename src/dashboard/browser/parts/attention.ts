/** What needs a person, with the command that fixes it. */
import { h, type JSX } from 'preact';
import type { FleetView } from '../../../domain/api/fleet.ts';
import type { ProblemList } from '../../../domain/api/problems.ts';
import type { QueueView } from '../../../domain/api/queue.ts';
import { compilerQuarantineText } from '../../../domain/text/describe.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { waitingText } from '../../model/waiting-text.ts';
import { Command, type Tone } from './elements.ts';

export interface Concern {
  readonly key: string;
  readonly tone: Tone;
  readonly text: string;
  readonly command: string;
}

const REASON_CHARS = 400;

export interface Looked {
  readonly fleet: FleetView | null;
  readonly queue?: QueueView | null;
  readonly problems?: ProblemList | null;
  readonly notReady?: string | null;
}

export const concernsOf = ({ fleet, queue = null, problems = null, notReady = null }: Looked): readonly Concern[] => [
  ...(notReady === null
    ? []
    : [{ key: 'daemon', tone: 'bad' as const, text: `The daemon takes no work: ${notReady}`, command: 'kiln doctor' }]),
  ...(fleet?.hosts ?? []).flatMap(hostConcerns),
  ...(problems?.refused ?? []).map(({ name, reason }) => ({
    key: `problem ${name}`,
    tone: 'warn' as const,
    text: `Problem ${name} does not load: ${plainLine(reason, REASON_CHARS)}`,
    command: 'kiln problem reload',
  })),
  ...(queue?.byDevice ?? []).flatMap(({ device, blocked, waiting }) =>
    blocked === null
      ? []
      : [
          {
            key: `queue ${device}`,
            tone: 'warn' as const,
            text: waitingText(device, waiting, plainLine(blocked, REASON_CHARS)),
            command: 'kiln doctor',
          },
        ],
  ),
];

const hostConcerns = ({
  name,
  state,
  reason,
  devices,
  compilerQuarantine,
  hold,
}: FleetView['hosts'][number]): readonly Concern[] => {
  const why = reason === null ? '' : `: ${plainLine(reason, REASON_CHARS)}`;
  const host: readonly Concern[] =
    state === 'unreachable' || state === 'refused'
      ? [{ key: `host ${name}`, tone: 'bad', text: `Host ${name} is ${state}${why}`, command: 'kiln doctor' }]
      : reason !== null
        ? [{ key: `host ${name}`, tone: 'warn', text: `Host ${name}${why}`, command: hold ? resumeCommand(name) : 'kiln fleet' }]
        : [];
  // A host that is held is said once, and not for each of its devices.
  const ofDevices = hold ? [] : devices.flatMap((device) => deviceConcern(name, device));
  return [...host, ...compilerConcern(name, compilerQuarantine), ...ofDevices];
};

const compilerConcern = (host: string, quarantine: FleetView['hosts'][number]['compilerQuarantine']): readonly Concern[] =>
  quarantine === null
    ? []
    : [
        {
          key: `compiler ${host}`,
          tone: 'bad',
          text: `Host ${host} ${plainLine(compilerQuarantineText(quarantine), REASON_CHARS)}`,
          command: `kiln fleet resume ${host}`,
        },
      ];

const deviceConcern = (
  host: string,
  { id, model, unavailable, quarantine, hold, condition }: FleetView['hosts'][number]['devices'][number],
): readonly Concern[] => {
  if (unavailable === null) return condition?.needsPerson ? [keptConcern(host, { id, model, condition })] : [];
  const text = `${model} of ${host} takes no work: ${plainLine(unavailable, REASON_CHARS)}`;
  return [
    {
      key: `device ${id}`,
      tone: quarantine === null ? 'warn' : 'bad',
      text,
      command: hold ? resumeCommand(`${host}/${id}`) : quarantine === null ? 'kiln doctor' : `kiln fleet resume ${host}`,
    },
  ];
};

const resumeCommand = (name: string): string => `kiln host resume ${name} --reason "…"`;

/** It works on though something speaks against it. */
const keptConcern = (
  host: string,
  {
    id,
    model,
    condition,
  }: Pick<FleetView['hosts'][number]['devices'][number], 'id' | 'model'> & {
    readonly condition: { readonly reason: string | null };
  },
): Concern => ({
  key: `device ${id}`,
  tone: 'bad',
  text: `${model} of ${host}: ${plainLine(condition.reason ?? '', REASON_CHARS)}`,
  command: `kiln host quarantine ${host}/${id} --reason …`,
});

export const Attention = ({ concerns }: { readonly concerns: readonly Concern[] }): JSX.Element | null =>
  concerns.length === 0
    ? null
    : h(
        'section',
        { class: 'stack', 'aria-label': 'What needs a person' },
        concerns.map(({ key, tone, text, command }) =>
          h('div', { key, class: `notice ${tone}` }, h('p', null, text), h(Command, { text: command })),
        ),
      );
