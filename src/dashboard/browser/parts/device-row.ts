/** One device of a host: what it does, where its time goes, how warm it is and how fast it runs. */
import { h, type JSX } from 'preact';
import type { DeviceView, HostView } from '../../../domain/api/fleet.ts';
import { deviceNumber } from '../../model/device-number.ts';
import type { Hold } from '../../../domain/hosts/hold.ts';
import { bytes, grouped, milliseconds, percent, seconds } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { candidateLink, Command, name, shareBar } from './elements.ts';
import { HoldMenu, HoldNote, ResumeMenu } from './hold-menu.ts';
import { moment } from './time.ts';

interface Props {
  readonly host: HostView;
  readonly hosts: readonly HostView[];
  readonly device: DeviceView;
  readonly onDone: () => void;
}

export const DeviceRow = ({ host, hosts, device, onDone }: Props): JSX.Element => {
  const { use } = device;
  // What holds the whole host is said there.
  const hold = host.hold === null ? device.hold : null;
  return h(
    'div',
    { class: 'device' },
    h(
      'div',
      null,
      h('strong', null, name(device.model, 50), deviceNumber(host, device)),
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
            device.quarantine === null ? (device.hold?.state ?? 'takes no work') : 'quarantined',
          ),
      device.booking === null ? null : h('span', { class: 'badge info' }, 'booked for ', name(device.booking.submitter, 40)),
      device.running === null
        ? h('span', { class: 'soft' }, 'idle')
        : h('span', null, 'judging ', candidateLink(device.running.split('.', 1)[0] ?? '')),
      device.queued > 0 ? h('span', { class: 'soft' }, `${device.queued} ready behind it`) : null,
      h(DeviceHold, { host, hosts, device, onDone }),
    ),
    h(
      'div',
      { class: 'small soft num' },
      `${grouped(device.judged)} judged${device.idleGapMs === null ? '' : ` · idle gap ${milliseconds(device.idleGapMs.p50)}, 99 %: ${milliseconds(device.idleGapMs.p99)}`}`,
    ),
    h(Telemetry, { telemetry: device.telemetry }),
    h(BookingNote, { booking: device.booking }),
    h(WhyNoWork, { hold, device }),
    device.quarantine === null
      ? null
      : h('p', { class: 'small', style: { gridColumn: '1 / -1' } }, h(Command, { text: `kiln fleet resume ${host.name}` })),
    device.use.faults > 0
      ? h(
          'p',
          { class: 'small soft', style: { gridColumn: '1 / -1' } },
          `${percent(device.use.faults)} of the last minute was lost to faults (${seconds(device.use.faults * 60)})`,
        )
      : null,
  );
};

const BookingNote = ({ booking }: Pick<DeviceView, 'booking'>): JSX.Element | null =>
  booking === null
    ? null
    : h(
        'p',
        { class: 'small wrap', style: { gridColumn: '1 / -1' } },
        `Takes the candidates of ${plainLine(booking.submitter, 64)} alone until ${moment(booking.until)}, and idles otherwise: ${plainLine(booking.reason, 500)} (${plainLine(booking.by, 120)})`,
      );

const WhyNoWork = ({ hold, device }: Pick<Props, 'device'> & { readonly hold: Hold | null }): JSX.Element | null => {
  const isWide = { gridColumn: '1 / -1' };
  if (hold !== null) return h('div', { style: isWide }, h(HoldNote, { hold }));
  if (device.unavailable === null || device.hold !== null) return null;
  return h('p', { class: 'small wrap', style: isWide }, plainLine(device.unavailable, 600));
};

/** What holds the whole host is said, and ended, there. */
const DeviceHold = ({ host, hosts, device, onDone }: Props): JSX.Element | null => {
  if (host.hold !== null) return null;
  return device.hold === null
    ? h(HoldMenu, { key: 'hold', hosts, host: host.name, device: device.id, onDone })
    : h(ResumeMenu, { key: 'resume', host: host.name, device: device.id, onDone });
};

/** As the last judgement ended: what holds the clocks back is why a time is longer than it was yesterday. */
const Telemetry = ({ telemetry }: Pick<DeviceView, 'telemetry'>): JSX.Element | null => {
  if (telemetry === null) return null;
  const { temperatureC, smClockMhz, memoryClockMhz, powerW, throttleReasons, at } = telemetry;
  const parts = [
    temperatureC === null ? '' : `${temperatureC} °C`,
    smClockMhz === null ? '' : `SM ${grouped(smClockMhz)} MHz`,
    memoryClockMhz === null ? '' : `memory ${grouped(memoryClockMhz)} MHz`,
    powerW === null ? '' : `${Math.round(powerW)} W`,
  ].filter((part) => part !== '');
  if (parts.length === 0 && throttleReasons.length === 0) return null;
  return h(
    'div',
    { class: 'small row telemetry', title: `at the end of a judgement, ${moment(at)}` },
    h('span', { class: 'soft num' }, parts.join(' · ')),
    throttleReasons.length === 0
      ? null
      : h('span', { class: 'badge warn' }, `clocks held back: ${plainLine(throttleReasons.join(', '), 120)}`),
  );
};
