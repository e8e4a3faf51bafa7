/** Tools that say what there is to run on, and what waits for it. */
import { z } from 'zod';
import type { FleetView } from '../../domain/api/fleet.ts';
import { QueueView } from '../../domain/api/queue.ts';
import { languagesOf } from '../../domain/hosts/environment-label.ts';
import { bytes, seconds } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { lines } from '../answers/words.ts';
import { tool } from '../tool.ts';

const DeviceData = z.strictObject({
  class: z.string(),
  model: z.string(),
  host: z.string(),
  architecture: z.string(),
  multiprocessors: z.int(),
  memoryBytes: z.number(),
  /** The last level of a processor. */
  l2Bytes: z.number(),
  copyBytesPerSecond: z.number().nullable(),
  /** Of the cpu device: caches by name, vector instructions, what C is compiled with. */
  caches: z.record(z.string(), z.number()).optional(),
  isa: z.array(z.string()).optional(),
  compiler: z.string().optional(),
  languages: z.array(z.string()),
  queued: z.int(),
  /** Why it takes no work, or null. */
  unavailable: z.string().nullable(),
});
type DeviceData = z.infer<typeof DeviceData>;

const DevicesData = z.strictObject({ devices: z.array(DeviceData), troubles: z.array(z.string()) });

export const listDevices = tool({
  name: 'list_devices',
  description: 'What candidates can run on: architecture, memory, caches, copy rate, compiler; and whether it works now.',
  input: z.strictObject({}),
  data: DevicesData,
  reads: true,
  run: async ({ kiln }) => devicesOf(await kiln.fleet()),
  text: ({ devices, troubles }) =>
    lines(...devices.map(deviceText), devices.length === 0 ? 'No device is connected.' : undefined, ...troubles),
});

const devicesOf = ({ hosts }: FleetView): z.infer<typeof DevicesData> => ({
  devices: hosts.flatMap((host) => host.devices.map((device) => deviceOf(host, device))),
  troubles: hosts.flatMap(({ name, reason }) => (reason === null ? [] : [plainLine(`${name}: ${reason}`, 400)])),
});

type Host = FleetView['hosts'][number];

const deviceOf = (host: Host, device: Host['devices'][number]): DeviceData => ({
  class: device.class,
  model: plainLine(device.model),
  host: host.name,
  architecture: device.architecture,
  multiprocessors: device.multiprocessors,
  memoryBytes: device.memoryBytes,
  l2Bytes: device.l2Bytes,
  copyBytesPerSecond: device.copyBytesPerSecond,
  ...device.processor,
  ...compilerOf(host, device.kind),
  languages: (host.inventory ? languagesOf(host.inventory) : []).filter(
    (language) => (language === 'c') === (device.kind === 'cpu'),
  ),
  queued: device.queued,
  unavailable: host.state === 'connected' ? device.unavailable : `its host is ${host.state}`,
});

const compilerOf = ({ inventory }: Host, kind: 'gpu' | 'cpu'): Pick<DeviceData, 'compiler'> => {
  const compiler = kind === 'cpu' ? inventory?.gcc : (inventory?.nvrtc ?? inventory?.nvcc);
  return compiler === null || compiler === undefined ? {} : { compiler };
};

const deviceText = (device: DeviceData): string =>
  [
    `- ${device.class}: ${device.model} on ${device.host}, ${device.architecture}`,
    `${device.multiprocessors} ${device.class === 'cpu' ? 'cores' : 'multiprocessors'}`,
    `memory ${bytes(device.memoryBytes)}`,
    device.caches === undefined
      ? `L2 ${bytes(device.l2Bytes)}`
      : Object.entries(device.caches)
          .map(([name, size]) => `${name} ${bytes(size)}`)
          .join(', '),
    device.copyBytesPerSecond === null ? 'copy rate not measured' : `copies ${bytes(device.copyBytesPerSecond)}/s`,
    ...(device.isa === undefined ? [] : [`instructions ${device.isa.join(' ')}`]),
    ...(device.compiler === undefined ? [] : [`compiler ${device.compiler}`]),
    ...(device.languages.length === 0 ? [] : [`languages ${device.languages.join(', ')}`]),
    `${device.queued} wait`,
    device.unavailable ?? 'works',
  ].join(', ');

export const queueStatus = tool({
  name: 'queue_status',
  description: 'What waits and runs by device class and submitter, and why nothing moves where that is so.',
  input: z.strictObject({}),
  data: QueueView,
  reads: true,
  run: async ({ kiln }) => kiln.queue(),
  text: ({ stages, byDevice, bySubmitter, throughputPerSecond, oldestSeconds, etaSeconds }) =>
    lines(
      `${throughputPerSecond.toFixed(1)} verdicts/s; ${oldestSeconds === null ? 'nothing waits' : `the oldest waits ${seconds(oldestSeconds)}`}${etaSeconds === null ? '' : `; empty in ${seconds(etaSeconds)}`}`,
      Object.entries(stages)
        .map(([stage, count]) => `${count} ${stage}`)
        .join(', '),
      ...byDevice.map(
        (row) =>
          `- ${row.device}: ${row.waiting} wait, ${row.paused} are paused, ${row.running} run on ${row.slots} devices${row.etaSeconds === null ? '' : `, empty in ${seconds(row.etaSeconds)}`}${row.blocked === null ? '' : `; ${plainLine(row.blocked)}`}`,
      ),
      ...bySubmitter.map(({ submitter, waiting, running }) => `- of ${submitter}: ${waiting} wait, ${running} run`),
    ),
});
