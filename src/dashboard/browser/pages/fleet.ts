/** Hosts and devices: state, reasons, how the time is used, what is installed, and what operators may do. */
import { h, type JSX } from 'preact';
import type { DeviceView, HostView } from '../../../domain/api/fleet.ts';
import { bytes, grouped, milliseconds, percent, seconds } from '../../../domain/text/units.ts';
import { compilerQuarantineText } from '../../../domain/text/describe.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Action } from '../parts/action.ts';
import { counted } from '../../model/counted.ts';
import { Attention, concernsOf } from '../parts/attention.ts';
import {
  badge,
  candidateLink,
  Command,
  empty,
  failure,
  fields,
  legend,
  loading,
  name,
  shareBar,
  type Tone,
} from '../parts/elements.ts';
import { moment } from '../parts/time.ts';

const TONES: Readonly<Record<HostView['state'], Tone>> = {
  connecting: 'info',
  connected: 'good',
  unreachable: 'bad',
  refused: 'bad',
};

export const FleetPage = (): JSX.Element => {
  const fleet = useAnswer('fleet', () => ask('GET', '/v1/fleet'), { on: () => true, pauseMs: 2000, everyMs: 10_000 });
  if (fleet.data === null)
    return h('div', { class: 'page' }, h('h1', null, 'Fleet'), fleet.error ? failure(fleet.error) : loading());
  const { hosts, stages } = fleet.data;
  const times = Object.entries(stages).flatMap(([stage, quantiles]) =>
    quantiles === null ? [] : [`${stage} ${milliseconds(quantiles.p50)} (99 %: ${milliseconds(quantiles.p99)})`],
  );
  return h(
    'div',
    { class: 'page' },
    h(
      'div',
      { class: 'title' },
      h('h1', null, 'Fleet'),
      h(
        'span',
        { class: 'sub' },
        `${counted(hosts.length, 'host')}, ${counted(hosts.flatMap(({ devices }) => devices).length, 'device')}`,
      ),
      h(
        'div',
        { class: 'end' },
        legend([
          ['measuring', 'i-measuring'],
          ['checking', 'i-checking'],
          ['loading', 'i-loading'],
          ['profiling', 'i-profiling'],
          ['idle with work', 'i-waiting'],
          ['fault', 'i-fault'],
        ]),
        h(Action, {
          label: 'Look again at all hosts',
          run: async () => refreshText(await ask('POST', '/v1/fleet/refresh')),
          onDone: fleet.again,
        }),
      ),
    ),
    fleet.error ? failure(fleet.error) : null,
    h(Attention, { concerns: concernsOf(fleet.data, null, null) }),
    times.length === 0
      ? null
      : h('p', { class: 'soft small' }, `Time in each stage, median of the last candidates: ${times.join(' · ')}`),
    hosts.length === 0
      ? empty('The fleet has no hosts.', h(Command, { text: 'cp config/fleet.example.yaml config/fleet.yaml' }))
      : h(
          'div',
          { class: 'hosts' },
          hosts.map((host) => h(HostCard, { key: host.name, host, onDone: fleet.again })),
        ),
  );
};

const refreshText = ({
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

const HostCard = ({ host, onDone }: { readonly host: HostView; readonly onDone: () => void }): JSX.Element => {
  const { inventory, compile } = host;
  const isQuarantined = host.compilerQuarantine !== null || host.devices.some(({ quarantine }) => quarantine !== null);
  return h(
    'section',
    { class: 'panel' },
    h(
      'header',
      null,
      h('h2', null, name(host.name)),
      badge(host.state, TONES[host.state]),
      h(
        'span',
        { class: 'soft small' },
        name(host.address, 50),
        host.roundTripMs === null ? '' : ` · round trip ${milliseconds(host.roundTripMs)}`,
      ),
      h(
        'div',
        { class: 'end' },
        isQuarantined
          ? h(Action, {
              label: 'Take back to work',
              run: async () => resumedText(await ask('POST', '/v1/fleet/:host/resume', { params: { host: host.name } })),
              onDone,
            })
          : null,
        host.state === 'connected'
          ? h(Action, {
              label: 'Look again',
              run: async () => refreshText(await ask('POST', '/v1/fleet/:host/refresh', { params: { host: host.name } })),
              onDone,
            })
          : null,
      ),
    ),
    host.compilerQuarantine === null
      ? null
      : h('p', { class: 'notice bad small' }, plainLine(compilerQuarantineText(host.compilerQuarantine), 600)),
    host.reason === null ? null : h('p', { class: 'notice warn small' }, plainLine(host.reason, 600)),
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
        : host.devices.map((device) => h(DeviceRow, { key: device.id, device })),
    ),
  );
};

const resumedText = ({ devices, compiler }: { readonly devices: readonly string[]; readonly compiler: boolean }): string => {
  const resumed = devices.length + (compiler ? 1 : 0);
  return resumed === 0 ? 'nothing was quarantined' : `${resumed} back at work`;
};

/** What is installed; what is missing is not named: kiln doctor does, with how to fix it. */
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

const DeviceRow = ({ device }: { readonly device: DeviceView }): JSX.Element => {
  const { use } = device;
  return h(
    'div',
    { class: 'device' },
    h(
      'div',
      null,
      h('strong', null, name(device.model, 50)),
      ' ',
      h('span', { class: 'soft small' }, `${device.class} · ${device.architecture} · ${bytes(device.memoryBytes)}`),
    ),
    shareBar(
      [
        { name: 'measuring', part: use.measuring, className: 'i-measuring' },
        { name: 'checking', part: use.checking, className: 'i-checking' },
        { name: 'loading', part: use.loading, className: 'i-loading' },
        { name: 'profiling', part: use.profiling, className: 'i-profiling' },
        { name: 'idle with work', part: use.idleWithWork, className: 'i-waiting' },
        { name: 'fault', part: use.faults, className: 'i-fault' },
      ],
      `${device.model}, last minute`,
    ),
    h(
      'div',
      { class: 'small row' },
      device.unavailable === null
        ? null
        : h(
            'span',
            { class: 'badge bad', title: device.unavailable },
            device.quarantine === null ? 'takes no work' : 'quarantined',
          ),
      device.running === null
        ? h('span', { class: 'soft' }, 'idle')
        : h('span', null, 'judging ', candidateLink(device.running.split('.', 1)[0] ?? '')),
      device.queued > 0 ? h('span', { class: 'soft' }, `${device.queued} ready behind it`) : null,
    ),
    h(
      'div',
      { class: 'small soft num' },
      `${grouped(device.judged)} judged${device.idleGapMs === null ? '' : ` · idle gap ${milliseconds(device.idleGapMs.p50)}, 99 %: ${milliseconds(device.idleGapMs.p99)}`}`,
    ),
    device.unavailable === null
      ? null
      : h('p', { class: 'small wrap', style: { gridColumn: '1 / -1' } }, plainLine(device.unavailable, 600)),
    device.quarantine === null
      ? null
      : h('p', { class: 'small', style: { gridColumn: '1 / -1' } }, h(Command, { text: 'kiln fleet resume' })),
    device.use.faults > 0
      ? h(
          'p',
          { class: 'small soft', style: { gridColumn: '1 / -1' } },
          `${percent(device.use.faults)} of the last minute was lost to faults (${seconds(device.use.faults * 60)})`,
        )
      : null,
  );
};
