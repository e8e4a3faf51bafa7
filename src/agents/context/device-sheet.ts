/** What a generator must know of the device it writes for, from what the fleet says. */
import type { DeviceView, FleetView } from '../../domain/api/fleet.ts';
import type { Device, DeviceClass } from '../../domain/device.ts';
import { peaksOf } from '../../domain/ranking/device-peaks.ts';
import type { DeviceSheet } from '../../domain/campaign/generation-context.ts';
import { targetOf } from '../../problems/targets.ts';

/** Most dynamic shared memory of a block with opt-in, bytes, by compute capability: CUDA C++ Programming Guide, technical specifications. */
const SHARED_BYTES_PER_BLOCK: Readonly<Record<string, number>> = {
  '70': 98_304,
  '75': 65_536,
  '80': 166_912,
  '86': 101_376,
  '87': 166_912,
  '89': 101_376,
  '90': 232_448,
  '100': 232_448,
  '103': 232_448,
  '120': 101_376,
};
const UNKNOWN = 'unknown';

/** Of the class's most frequent model, devices that take work first. Where no host has the class, what is known of it by name. */
export const deviceSheetOf = (fleet: FleetView, device: DeviceClass): DeviceSheet => {
  const found = deviceOf(fleet, device);
  if (!found) return unknownSheet(device);
  return {
    class: device,
    model: found.model,
    architecture: found.architecture,
    multiprocessors: found.multiprocessors,
    memoryBytes: found.memoryBytes,
    l2Bytes: found.l2Bytes,
    sharedBytesPerBlock: sharedBytesPerBlock(found.architecture),
    copyBytesPerSecond: found.copyBytesPerSecond,
    ...peakRates(found),
  };
};

const deviceOf = (fleet: FleetView, device: DeviceClass): DeviceView | null => {
  const devices = fleet.hosts.flatMap((host) => host.devices).filter((item) => item.class === device);
  const working = devices.filter((item) => item.unavailable === null);
  const models = [...Map.groupBy(working.length > 0 ? working : devices, (item) => item.model).values()];
  const most = models.toSorted((a, b) => b.length - a.length)[0] ?? [];
  return most.find((item) => item.copyBytesPerSecond !== null) ?? most[0] ?? null;
};

const unknownSheet = (device: DeviceClass): DeviceSheet => ({
  class: device,
  model: UNKNOWN,
  architecture: UNKNOWN,
  multiprocessors: 0,
  memoryBytes: 0,
  l2Bytes: 0,
  sharedBytesPerBlock: null,
  copyBytesPerSecond: null,
  ...peakRates({ kind: targetOf(device), model: device }),
});

const peakRates = (device: Pick<Device, 'kind' | 'model'>): Pick<DeviceSheet, 'peakBytesPerSecond' | 'peakFlopsPerSecond'> => {
  const peaks = peaksOf(device);
  return {
    peakBytesPerSecond: peaks?.memoryBytesPerSecond ?? null,
    peakFlopsPerSecond: peaks && { ...peaks.flopsPerSecond },
  };
};

/** "sm_90a" -> that of 90; null where it is unknown, and for the cpu device. */
const sharedBytesPerBlock = (architecture: string): number | null =>
  SHARED_BYTES_PER_BLOCK[/^sm_(\d+)/.exec(architecture)?.[1] ?? ''] ?? null;
