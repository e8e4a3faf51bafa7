/** Tools that say what there is to run on, and what waits for it. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { type FleetView } from '../domain/api/fleet.ts';
import { QueueView } from '../domain/api/queue.ts';
import { plainLine } from '../platform/printable-text.ts';
import { bytes, seconds } from '../domain/text/units.ts';
import { lenient } from './lenient-input.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';

const READS = { readOnlyHint: true, openWorldHint: false } as const;

export const addFleetTools = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'list_devices',
    {
      title: 'Devices of the fleet',
      description:
        'What candidates can run on: class, model, architecture, multiprocessors, memory, measured copy rate, and whether it works now.',
      inputSchema: lenient(z.strictObject({})),
      outputSchema: DevicesAnswer,
      annotations: READS,
    },
    () =>
      answered(deps, async () => {
        const data = devicesOf(await deps.kiln.fleet());
        return answer(devicesText(data), data);
      }),
  );
  server.registerTool(
    'queue_status',
    {
      title: 'Queue',
      description:
        'What waits and runs by device class and submitter, why nothing moves where that is so, and how long it will take.',
      inputSchema: lenient(z.strictObject({})),
      outputSchema: QueueView,
      annotations: READS,
    },
    () =>
      answered(deps, async () => {
        const queue = await deps.kiln.queue();
        return answer(queueText(queue), queue);
      }),
  );
};

const DevicesAnswer = z.object({
  devices: z.array(
    z.object({
      class: z.string(),
      model: z.string(),
      host: z.string(),
      architecture: z.string(),
      multiprocessors: z.number(),
      memoryBytes: z.number(),
      l2Bytes: z.number(),
      copyBytesPerSecond: z.number().nullable().describe('measured: a large copy, read plus written'),
      queued: z.number(),
      unavailable: z.string().nullable().describe('why it takes no work, or null'),
    }),
  ),
  troubles: z.array(z.string()).describe('hosts that take no work, with the reason'),
});
type DevicesAnswer = z.infer<typeof DevicesAnswer>;

const devicesOf = ({ hosts }: FleetView): DevicesAnswer => ({
  devices: hosts.flatMap((host) =>
    host.devices.map((device) => ({
      class: device.class,
      model: device.model,
      host: host.name,
      architecture: device.architecture,
      multiprocessors: device.multiprocessors,
      memoryBytes: device.memoryBytes,
      l2Bytes: device.l2Bytes,
      copyBytesPerSecond: device.copyBytesPerSecond,
      queued: device.queued,
      unavailable: host.state === 'connected' ? device.unavailable : `its host is ${host.state}`,
    })),
  ),
  troubles: hosts.flatMap(({ name, reason }) => (reason === null ? [] : [plainLine(`${name}: ${reason}`, 400)])),
});

const devicesText = ({ devices, troubles }: DevicesAnswer): string => {
  const lines = devices.map(
    (device) =>
      `- ${device.class}: ${plainLine(device.model)} on ${device.host}, ${device.architecture}, ${device.multiprocessors} multiprocessors, ${bytes(device.memoryBytes)}, L2 ${bytes(device.l2Bytes)}, ${rateText(device.copyBytesPerSecond)}; ${device.unavailable ?? 'works'}`,
  );
  return [...lines, devices.length === 0 ? 'No device is connected.' : '', ...troubles].filter((line) => line !== '').join('\n');
};

const rateText = (rate: number | null): string => (rate === null ? 'copy rate not measured' : `copies ${bytes(rate)}/s`);

const queueText = ({ byDevice, throughputPerSecond, oldestSeconds }: QueueView): string =>
  [
    `${throughputPerSecond.toFixed(1)} verdicts/s; ${oldestSeconds === null ? 'nothing waits' : `the oldest waits ${seconds(oldestSeconds)}`}`,
    ...byDevice.map(
      ({ device, waiting, running, slots, blocked, etaSeconds }) =>
        `- ${device}: ${waiting} wait, ${running} run on ${slots} devices${etaSeconds === null ? '' : `, empty in ${seconds(etaSeconds)}`}${blocked === null ? '' : `; ${plainLine(blocked)}`}`,
    ),
  ].join('\n');
