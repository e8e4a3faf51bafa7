import { deviceStateText } from '../../domain/hosts/device-state.ts';
import { bookingText } from '../../domain/hosts/booking.ts';
import { holdText } from '../../domain/hosts/hold.ts';
import type { Hold } from '../../domain/hosts/hold.ts';
import type { Command } from 'commander';
import type { DeviceView, FleetView, HostRefreshed, HostResumed, HostsRefreshed, HostView } from '../../domain/api/fleet.ts';
import { addFleetChanges } from './fleet-changes.ts';
import { contextOf, print, printJson } from '../context.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { isCompileOnly, roleText } from '../output/host-role.ts';
import { table } from '../output/table.ts';
import { compilerQuarantineText } from '../../domain/text/describe.ts';
import { milliseconds, percent } from '../../domain/text/units.ts';

export const addFleet = (program: Command): void => {
  const fleet = program
    .command('fleet')
    .description('hosts and devices: state, what runs, how the time is used')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const view = await client.fleet();
      if (json) printJson(view);
      else print(fleetText(view));
    });
  fleet
    .command('resume')
    .description('take quarantined devices of a host, or its compiler, back to work, once what was wrong is fixed')
    .argument('<host>')
    .action(async (host: string) => {
      const { client, json } = await contextOf(program);
      const answer = await client.resumeHost(host);
      if (json) printJson(answer);
      else print(resumedText(answer));
    });
  fleet
    .command('refresh')
    .description('have a host, or all, look again for compilers, driver and devices; print what changed')
    .argument('[host]')
    .action(async (host: string | undefined) => {
      const { client, json } = await contextOf(program);
      const answer = await client.refreshHosts(host);
      if (json) printJson(answer);
      else print(refreshedText(answer));
    });
  addFleetChanges(program, fleet);
};

export const refreshedText = ({ hosts }: HostsRefreshed): string =>
  hosts
    .flatMap((host) => refreshedLines(host))
    .map((line) => plainLine(line, 500))
    .join('\n');

const refreshedLines = ({ host, status, reason, changes }: HostRefreshed): readonly string[] => {
  if (status === 'changed') return changes.map((each) => `${host}: ${each.what}: ${each.old ?? 'none'} -> ${each.new ?? 'none'}`);
  return [status === 'unchanged' ? `${host}: nothing changed` : `${host}: ${status}: ${reason ?? 'no reason was given'}`];
};

const resumedText = ({ host, devices, compiler }: HostResumed): string => {
  const resumed = [...devices, ...(compiler ? ['its compiler'] : [])];
  return resumed.length === 0 ? `nothing of ${host} was quarantined` : `${host}: ${resumed.join(', ')} take work again`;
};

const right = 'right' as const;

export const fleetText = (view: FleetView): string => {
  if (view.hosts.length === 0) return 'the fleet has no hosts: list them in config/fleet.yaml';
  return [hostTable(view), deviceTable(view), remarks(view)].filter((part) => part !== '').join('\n\n');
};

const hostTable = ({ hosts }: FleetView): string =>
  table(
    [
      { title: 'HOST' },
      { title: 'STATE' },
      { title: 'ADDRESS' },
      { title: 'RTT', align: right },
      { title: 'DEVICES', align: right },
      { title: 'COMPILING/WAITING', align: right },
      { title: 'LABELS' },
    ],
    hosts.map((host) => [
      host.name,
      host.compilerQuarantine ? 'QUARANTINED' : host.hold ? holdWord(host.hold, isBusy(host)) : host.state,
      host.address,
      host.roundTripMs === null ? '-' : milliseconds(host.roundTripMs),
      isCompileOnly(host) ? 'compile only' : String(host.devices.length),
      `${host.compile.running}/${host.compile.queued}`,
      host.labels.join(','),
    ]),
  );

const deviceTable = ({ hosts }: FleetView): string =>
  table(
    [
      { title: 'CLASS' },
      { title: 'HOST' },
      { title: 'MODEL', isExtra: true },
      { title: 'QUEUED', align: right },
      { title: 'JUDGED', align: right },
      { title: 'MEASURING', align: right },
      { title: 'IDLE WITH WORK', align: right },
      { title: 'GAP P50/P99', align: right },
      { title: 'STATE' },
    ],
    hosts.flatMap((host) => host.devices.map((device) => deviceRow(host, device))),
  );

const deviceRow = (host: HostView, device: DeviceView): readonly string[] => [
  device.class,
  host.name,
  device.model,
  String(device.queued),
  String(device.judged),
  percent(device.use.measuring),
  percent(device.use.idleWithWork),
  device.idleGapMs === null ? '-' : `${milliseconds(device.idleGapMs.p50)}/${milliseconds(device.idleGapMs.p99)}`,
  stateText(device),
];

/** A host that is to be taken away is drained once nothing runs there. */
const holdWord = ({ state }: Hold, isWorking: boolean): string => (state === 'draining' && !isWorking ? 'drained' : state);

const isBusy = ({ devices, compile }: HostView): boolean =>
  compile.running > 0 || devices.some(({ running, queued }) => running !== null || queued > 0);

/** The whole reason is among the remarks. */
const stateText = ({ quarantine, hold, unavailable, running, condition, booking }: DeviceView): string => {
  if (quarantine) return 'QUARANTINED';
  if (hold) return holdWord(hold, running !== null);
  const now = (unavailable ?? (running === null ? 'idle' : 'judging')) + (booking ? `, booked for ${booking.submitter}` : '');
  return condition === null || condition.state === 'healthy' ? now : `${now}, ${condition.state}`;
};

/** Why a host takes no work, what one without GPUs is for, and what its runner found missing. */
const remarks = ({ hosts, complaint }: FleetView): string =>
  hosts
    .flatMap((host) => [
      ...expiryLine(host),
      ...roleLine(host),
      ...(host.reason === null ? [] : [`${host.name}: ${host.reason}${retryText(host)}`]),
      ...(host.booking ? [`${host.name}: ${bookingText(host.booking)}`] : []),
      ...compilerLine(host),
      ...host.devices.flatMap((device) => [
        ...quarantineLine(host, device),
        ...holdLine(host, device),
        ...bookingLine(host, device),
        ...conditionLine(host, device),
      ]),
      ...(host.inventory?.warnings ?? []).map((warning) => `${host.name}: ${warning}`),
    ])
    .concat(complaint === null ? [] : [`the fleet file is wrong and was not applied: ${complaint}`])
    .map((line) => plainLine(line, 500))
    .join('\n');

const compilerLine = ({ name, compilerQuarantine }: HostView): readonly string[] =>
  compilerQuarantine
    ? [`${name}: ${compilerQuarantineText(compilerQuarantine)}. It comes back when one passes, or by: kiln fleet resume ${name}`]
    : [];

const expiryLine = ({ name, origin }: HostView): readonly string[] =>
  origin?.by === 'api' ? [`${name}: was added${origin.expiresAt === null ? '' : `, leaves at ${origin.expiresAt}`}`] : [];

const quarantineLine = ({ name }: HostView, { model, unavailable, quarantine }: DeviceView): readonly string[] =>
  quarantine
    ? [`${name}: ${model}: ${unavailable}. It comes back when a known-good candidate passes, or by: kiln fleet resume ${name}`]
    : [];

/** What quarantine and holds do not say already. */
const conditionLine = ({ name }: HostView, { id, model, condition }: DeviceView): readonly string[] => {
  if (condition?.state !== 'suspect' && condition?.state !== 'probation') return [];
  const todo = condition.needsPerson
    ? `. Somebody has to decide: kiln host quarantine ${name}/${id} --reason …, or mend what is wrong with the others`
    : '';
  return [`${name}: ${model}: ${deviceStateText(condition) ?? ''}${todo}`];
};

const holdLine = ({ name, hold: whole }: HostView, { id, hold }: DeviceView): readonly string[] =>
  hold && !whole ? [`${name}/${id}: ${holdText(hold)}`] : [];

const bookingLine = ({ name, booking: whole }: HostView, { id, booking }: DeviceView): readonly string[] =>
  booking && booking.since !== whole?.since ? [`${name}/${id}: ${bookingText(booking)}`] : [];

const roleLine = (host: HostView): readonly string[] => {
  const role = roleText(host);
  return role === null ? [] : [`${host.name}: ${role}`];
};

const retryText = ({ nextRetryAt }: HostView): string => (nextRetryAt === null ? '' : ` (next try at ${nextRetryAt})`);
