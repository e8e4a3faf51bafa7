/** One host: state, reason, what is installed, its devices, and what operators may do with it. */
import { Fragment, h, type JSX } from 'preact';
import type { HostView } from '../../../domain/api/fleet.ts';
import { compilerQuarantineText } from '../../../domain/text/describe.ts';
import { bytes, grouped, milliseconds } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { ask } from '../live/api.ts';
import { may } from '../live/caller.ts';
import { Action } from './action.ts';
import { DeviceRow } from './device-row.ts';
import { HoldMenu, HoldNote, ResumeMenu } from './hold-menu.ts';
import { badge, fields, name, type Tone } from './elements.ts';
import { moment } from './time.ts';

const TONES: Readonly<Record<HostView['state'], Tone>> = {
  connecting: 'info',
  connected: 'good',
  unreachable: 'bad',
  refused: 'bad',
};

export const refreshText = ({
  hosts,
}: {
  readonly hosts: readonly {
    readonly host: string;
    readonly status: string;
    readonly reason: string | null;
    readonly changes: readonly { readonly what: string }[];
  }[];
}): string =>
  hosts
    .map(
      ({ host, status, reason, changes }) =>
        `${host}: ${status}${reason === null ? '' : ` (${plainLine(reason)})`}${changes.length === 0 ? '' : `: ${changes.map(({ what }) => what).join(', ')}`}`,
    )
    .join('; ');

interface Props {
  readonly host: HostView;
  /** The whole fleet: who takes what this host has when it is taken from work. */
  readonly hosts: readonly HostView[];
  readonly onDone: () => void;
}

export const HostCard = ({ host, hosts, onDone }: Props): JSX.Element => {
  const { inventory, compile, hold } = host;
  return h(
    'section',
    { class: 'panel' },
    h(
      'header',
      null,
      h('h2', null, name(host.name)),
      badge(host.state, TONES[host.state]),
      hold === null ? null : badge(hold.state, hold.state === 'quarantined' ? 'bad' : 'warn'),
      h(
        'span',
        { class: 'soft small' },
        name(host.address, 50),
        host.roundTripMs === null ? '' : ` · round trip ${milliseconds(host.roundTripMs)}`,
      ),
      h('div', { class: 'end' }, may('admin') ? h(HostActions, { host, hosts, onDone }) : null),
    ),
    host.compilerQuarantine === null
      ? null
      : h('p', { class: 'notice bad small' }, plainLine(compilerQuarantineText(host.compilerQuarantine), 600)),
    hold === null ? null : h(HoldNote, { hold }),
    // Of a connected host that is held, the reason is the hold.
    host.reason === null || (hold !== null && host.state === 'connected')
      ? null
      : h('p', { class: 'notice warn small' }, plainLine(host.reason, 600)),
    fields([
      ['Next try', host.nextRetryAt === null ? null : moment(host.nextRetryAt)],
      ['Compiles for', host.compilesFor.join(', ')],
      [
        'Compiling',
        `${compile.running} running, ${compile.queued} waiting; ${grouped(compile.compiled)} done, ${grouped(compile.cached)} from the cache, ${grouped(compile.failed)} refused${compile.timeMs === null || compile.timeMs.p50 === 0 ? '' : `; median ${milliseconds(compile.timeMs.p50)}`}`,
      ],
      ['Labels', host.labels.join(', ')],
      ...inventoryFields(inventory),
    ]),
    h(
      'div',
      { style: { marginTop: '0.7rem' } },
      host.devices.length === 0
        ? h('p', { class: 'soft' }, 'No devices.')
        : host.devices.map((device) => h(DeviceRow, { key: device.id, host, hosts, device, onDone })),
    ),
  );
};

const HostActions = ({ host, hosts, onDone }: Props): JSX.Element => {
  const isQuarantined = host.compilerQuarantine !== null || host.devices.some(({ quarantine }) => quarantine !== null);
  return h(
    Fragment,
    null,
    isQuarantined
      ? h(Action, {
          label: 'Take back to work',
          run: async () => resumedText(await ask('POST', '/v1/fleet/:host/resume', { params: { host: host.name } })),
          onDone,
        })
      : null,
    host.hold === null
      ? h(HoldMenu, { key: 'hold', hosts, host: host.name, device: null, onDone })
      : h(ResumeMenu, { key: 'resume', host: host.name, device: null, onDone }),
    host.state === 'connected'
      ? h(Action, {
          label: 'Look again',
          run: async () => refreshText(await ask('POST', '/v1/fleet/:host/refresh', { params: { host: host.name } })),
          onDone,
        })
      : null,
  );
};

const resumedText = ({ devices, compiler }: { readonly devices: readonly string[]; readonly compiler: boolean }): string => {
  const resumed = devices.length + (compiler ? 1 : 0);
  return resumed === 0 ? 'nothing was quarantined' : `${resumed} back at work`;
};

/** What is installed; what is missing is not named: kiln doctor does, with what to do about it. */
const inventoryFields = (inventory: HostView['inventory']): readonly (readonly [string, string])[] => {
  if (inventory === null) return [];
  const { cores, memoryBytes, driver, nvrtc, nvcc, gcc, triton, ncu, python, compileSlots, confinement, warnings } = inventory;
  const versions = Object.entries({ driver, NVRTC: nvrtc, nvcc, gcc, Triton: triton, ncu, Python: python }).flatMap(
    ([tool, version]) =>
      version === null ? [] : [`${tool} ${plainLine(version.replace(new RegExp(`^${tool}\\s+`, 'iu'), ''), 40)}`],
  );
  return [
    ['Machine', `${cores} cores, ${bytes(memoryBytes)}, ${compileSlots} compile slots`],
    ['Versions', versions.join(' · ')],
    [
      'Walls around compilers',
      confinement === undefined
        ? ''
        : `${confinement.level}${confinement.why === '' ? '' : `: ${plainLine(confinement.why, 200)}`}`,
    ],
    ['Warnings', warnings.map((warning) => plainLine(warning, 300)).join('; ')],
  ];
};
