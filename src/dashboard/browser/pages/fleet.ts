/** Hosts and devices: state, reasons, how the time is used, what is installed, and what operators may do. */
import { Fragment, h, type JSX } from 'preact';
import type { FleetView, HostFailure } from '../../../domain/api/fleet.ts';
import { grouped, milliseconds } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { type Answer, ask } from '../live/api.ts';
import { may } from '../live/caller.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Action } from '../parts/action.ts';
import { counted } from '../../model/counted.ts';
import { Attention, concernsOf } from '../parts/attention.ts';
import { candidateLink, Command, empty, failure, legend, loading, name } from '../parts/elements.ts';
import { HostCard, refreshText } from '../parts/host-card.ts';
import { moment } from '../parts/time.ts';
import { TablePanel } from '../parts/table-panel.ts';
import type { Column } from '../parts/virtual-table.ts';

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
        may('admin') ? h(FleetActions, { onDone: fleet.again }) : null,
      ),
    ),
    fleet.error ? failure(fleet.error) : null,
    h(Attention, { concerns: concernsOf({ fleet: fleet.data }) }),
    times.length === 0
      ? null
      : h('p', { class: 'soft small' }, `Time in each stage, median of the last candidates: ${times.join(' · ')}`),
    hosts.length === 0
      ? empty('The fleet has no hosts.', h(Command, { text: 'cp config/fleet.example.yaml config/fleet.yaml' }))
      : h(
          'div',
          { class: 'hosts' },
          hosts.map((host) => h(HostCard, { key: host.name, host, hosts, onDone: fleet.again })),
        ),
    h(FailuresPanel, { hosts }),
  );
};

const FleetActions = ({ onDone }: { readonly onDone: () => void }): JSX.Element =>
  h(
    Fragment,
    null,
    h(Action, {
      label: 'Read the fleet file again',
      run: async () => reloadedText(await ask('POST', '/v1/fleet/reload')),
      onDone,
    }),
    h(Action, {
      label: 'Look again at all hosts',
      run: async () => refreshText(await ask('POST', '/v1/fleet/refresh')),
      onDone,
    }),
  );

const reloadedText = ({ file, changes, unchanged }: Answer<'/v1/fleet/reload', 'POST'>): string => {
  if (file === null) return 'there is no fleet file: this machine alone is the fleet';
  if (changes.length === 0) return `nothing changed; ${counted(unchanged, 'host')} as before`;
  return changes
    .map(({ host, change, fields }) => `${host}: ${change}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`)
    .join('; ');
};

interface FailureOfHost extends HostFailure {
  readonly host: string;
}

/** What failed and was no candidate's doing, of all hosts: one that fails more than others shows here first. */
const FailuresPanel = ({ hosts }: Pick<FleetView, 'hosts'>): JSX.Element => {
  const rows: readonly FailureOfHost[] = hosts
    .flatMap(({ name: host, failures }) => failures.recent.map((one) => ({ ...one, host })))
    .toSorted((one, other) => (one.at < other.at ? 1 : -1));
  const counts = hosts.flatMap(({ name: host, failures }) =>
    failures.total === 0 ? [] : [`${plainLine(host, 40)} ${grouped(failures.total)}`],
  );
  return h(TablePanel<FailureOfHost>, {
    title: 'Infra failures',
    note: counts.length === 0 ? 'since the daemon started' : `since the daemon started: ${counts.join(', ')}`,
    file: 'infra-failures.csv',
    columns: FAILURE_COLUMNS,
    rows,
    keyOf: ({ at, host, candidateId, stage }) => `${at} ${host} ${stage} ${candidateId ?? ''}`,
    whenEmpty: empty('No host has failed a candidate. What fails on a host is no verdict: it is tried again, elsewhere first.'),
  });
};

const FAILURE_COLUMNS: readonly Column<FailureOfHost>[] = [
  { title: 'When', cell: ({ at }) => h('span', { class: 'soft' }, moment(at)), text: ({ at }) => at },
  { title: 'Host', cell: ({ host }) => name(host, 30), text: ({ host }) => host },
  { title: 'While', cell: ({ stage }) => stage, text: ({ stage }) => stage },
  {
    title: 'Candidate',
    cell: ({ candidateId }) => (candidateId === null ? h('span', { class: 'soft' }, 'canary') : candidateLink(candidateId)),
    text: ({ candidateId }) => candidateId,
  },
  { title: 'Reason', cell: ({ reason }) => name(reason, 160), text: ({ reason }) => reason },
  { title: 'Device', cell: ({ deviceId }) => name(deviceId ?? '', 44), text: ({ deviceId }) => deviceId },
];
