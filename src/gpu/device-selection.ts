/** Which of a host's devices take work, as its entry in the fleet file says. */
import type { Device } from '../domain/device.ts';
import type { HostConfig } from '../domain/fleet.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Inventory } from '../domain/protocol.ts';

type Wishes = Pick<HostConfig, 'gpus' | 'cpu' | 'compileSlots'>;

/** The inventory reduced to what the fleet file wants of it; a listed GPU that is not there becomes a warning. */
export const selectInventory = (inventory: Inventory, wishes: Wishes): Inventory => ({
  ...inventory,
  compileSlots: wishes.compileSlots ?? inventory.compileSlots,
  devices: selectDevices(inventory.devices, wishes),
  warnings: [...inventory.warnings, ...missingGpus(inventory.devices, wishes)],
});

const selectDevices = (devices: readonly Device[], { gpus, cpu }: Wishes): Device[] => {
  const wanted = gpus.kind === 'listed' ? new Set(gpus.gpus.map((gpu) => idOf(gpu, devices))) : null;
  return devices.filter((device) => {
    if (device.kind === 'cpu') return cpu;
    return wanted ? wanted.has(device.id) : gpus.kind === 'all';
  });
};

const missingGpus = (devices: readonly Device[], { gpus }: Wishes): readonly string[] => {
  if (gpus.kind !== 'listed') return [];
  const found = devices.filter((device) => device.kind === 'gpu').map((device, index) => `${index}: ${device.id}`);
  return gpus.gpus
    .filter((gpu) => idOf(gpu, devices) === undefined)
    .map(
      (gpu) =>
        `the fleet file lists GPU ${gpu}, which the host does not have (it has ${found.join(', ') || 'none'}); correct gpus`,
    );
};

/** By UUID, or by index among the host's GPUs. */
const idOf = (gpu: string | number, devices: readonly Device[]): DeviceId | undefined => {
  const all = devices.filter((device) => device.kind === 'gpu');
  return (typeof gpu === 'number' ? all[gpu] : all.find((device) => device.id === gpu))?.id;
};
