/** One frame of `kiln top`: what the fleet does now, what waits, and what is wrong. Pure. */
import type { CampaignList } from '../../domain/api/campaigns.ts';
import type { DeviceView, FleetView, HostView } from '../../domain/api/fleet.ts';
import type { QueueView } from '../../domain/api/queue.ts';
import { campaignTable } from './campaign-text.ts';
import { classTable } from './class-table.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { roleText } from './host-role.ts';
import { table } from './table.ts';
import { milliseconds, percent, seconds } from '../../domain/text/units.ts';

const BAR_CHARS = 20;
const REASON_CHARS_MAX = 500;
const CAMPAIGNS_SHOWN_MAX = 8;
const right = 'right' as const;

/** The letters of the bar, in its order. What is left had no work. */
const USES = [
  { use: 'measuring', mark: '#' },
  { use: 'checking', mark: '+' },
  { use: 'loading', mark: '-' },
  { use: 'faults', mark: 'x' },
  { use: 'profiling', mark: 'p' },
  { use: 'idleWithWork', mark: '.' },
] as const satisfies readonly { use: keyof DeviceView['use']; mark: string }[];
const LEGEND = '# measuring  + checking  - loading  x faults  p profiling  . idle with work waiting  _ no work';

interface Views {
  readonly fleet: FleetView;
  readonly queue: QueueView;
  readonly campaigns: CampaignList['campaigns'];
}

export const topScreen = ({ fleet, queue, campaigns }: Views): string =>
  [
    headline(queue),
    classTable(queue, 'CLASS'),
    campaignTable(campaigns.filter(({ status }) => status === 'running' || status === 'paused').slice(0, CAMPAIGNS_SHOWN_MAX)),
    deviceTable(fleet),
    hostTable(fleet),
    stageLine(fleet),
    troubles(fleet),
  ]
    .filter((part) => part !== '')
    .join('\n\n');

const headline = ({ stages, oldestSeconds, throughputPerSecond, etaSeconds }: QueueView): string => {
  const counts = Object.entries(stages).map(([stage, count]) => `${count} ${stage}`);
  const oldest = oldestSeconds === null ? 'nothing waits' : `oldest waits ${seconds(oldestSeconds)}`;
  const eta = etaSeconds === null || oldestSeconds === null ? '' : `, empty in ${seconds(etaSeconds)}`;
  return `${throughputPerSecond.toFixed(1)} verdicts/s   ${counts.join(', ')}   ${oldest}${eta}`;
};

const deviceTable = ({ hosts }: FleetView): string => {
  const rows = hosts.flatMap((host) => host.devices.map((device) => deviceRow(host, device)));
  const columns = [
    { title: 'DEVICE' },
    { title: 'HOST' },
    { title: 'LAST MINUTE'.padEnd(BAR_CHARS + 2) },
    { title: 'MEASURING', align: right },
    { title: 'IDLE WITH WORK', align: right },
    { title: 'GAP P50/P99', align: right },
    { title: 'QUEUED', align: right },
    { title: 'JUDGED', align: right },
    { title: 'STATE' },
  ];
  return rows.length === 0 ? '' : `${table(columns, rows)}\n${LEGEND}`;
};

const deviceRow = (host: HostView, device: DeviceView): readonly string[] => [
  device.class,
  host.name,
  bar(device.use),
  percent(device.use.measuring),
  percent(device.use.idleWithWork),
  device.idleGapMs === null ? '-' : `${milliseconds(device.idleGapMs.p50)}/${milliseconds(device.idleGapMs.p99)}`,
  String(device.queued),
  String(device.judged),
  stateOf(host, device),
];

const stateOf = (host: HostView, device: DeviceView): string => {
  if (host.state !== 'connected') return host.state;
  return device.unavailable ?? (device.running === null ? 'idle' : 'judging');
};

/** "[##########++--x.____]": each mark begins where the sum of those before it ends, so that rounding never adds up. */
const bar = (use: DeviceView['use']): string => {
  let sum = 0;
  let text = '';
  for (const { use: name, mark } of USES) {
    sum += use[name];
    text = text.padEnd(Math.min(BAR_CHARS, Math.round(sum * BAR_CHARS)), mark);
  }
  return `[${text.padEnd(BAR_CHARS, '_')}]`;
};

const hostTable = ({ hosts }: FleetView): string =>
  table(
    [
      { title: 'HOST' },
      { title: 'STATE' },
      { title: 'RTT', align: right },
      { title: 'COMPILING', align: right },
      { title: 'COMPILED', align: right },
      { title: 'FROM CACHE', align: right },
      { title: 'TIME P50/P99', align: right },
    ],
    hosts.map(({ name, state, roundTripMs, compile }) => [
      name,
      state,
      roundTripMs === null ? '-' : milliseconds(roundTripMs),
      `${compile.running}+${compile.queued}`,
      String(compile.compiled + compile.failed),
      hitRate(compile),
      compile.timeMs === null ? '-' : `${milliseconds(compile.timeMs.p50)}/${milliseconds(compile.timeMs.p99)}`,
    ]),
  );

const hitRate = ({ compiled, cached, failed }: HostView['compile']): string => {
  const all = compiled + cached + failed;
  return all === 0 ? '-' : percent(cached / all);
};

const stageLine = ({ stages }: FleetView): string => {
  const shown = Object.entries(stages).flatMap(([stage, times]) =>
    times === null ? [] : [`${stage} ${milliseconds(times.p50)}/${milliseconds(times.p99)}`],
  );
  return shown.length === 0 ? '' : `time in a stage, p50/p99: ${shown.join('   ')}`;
};

/** Why a host takes no work, and when it is tried again; what one without GPUs is for. */
const troubles = ({ hosts }: FleetView): string =>
  hosts
    .flatMap((host) => {
      const { name, reason, nextRetryAt } = host;
      const role = roleText(host);
      if (reason === null) return role === null ? [] : [`${name}: ${role}`];
      return [`${name}: ${reason}${nextRetryAt === null ? '' : ` (next try at ${nextRetryAt})`}`];
    })
    .map((line) => plainLine(line, REASON_CHARS_MAX))
    .join('\n');
