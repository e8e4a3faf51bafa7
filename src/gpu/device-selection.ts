/** Which of a host's devices take work, as its entry in the fleet file says. */
import type { Device } from '../domain/device.ts';
import type { HostConfig } from '../domain/fleet.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Inventory } from '../domain/protocol.ts';

type Wishes = Pick<HostConfig, 'gpus' | 'cpu' | 'compileSlots' | 'allowHostMemoryAccess' | 'compileUnconfined'>;

/** For whoever sees that a device takes no work, and why. */
export const HOST_MEMORY_REMEDY =
  'switch it off on the host (options nvidia-uvm uvm_disable_hmm=1 in /etc/modprobe.d, then load the module again; where the GPU shares the CPU’s page tables that is not possible), or set allowHostMemoryAccess: true for the host in the fleet file if everyone who submits may read and write whatever its user may';

/** The inventory reduced to what the fleet file wants of it; a listed GPU that is not there becomes a warning. */
export const selectInventory = (inventory: Inventory, wishes: Wishes): Inventory => ({
  ...inventory,
  languages: mayCompile(inventory, wishes) ? inventory.languages : [],
  compileSlots: wishes.compileSlots ?? inventory.compileSlots,
  devices: selectDevices(inventory.devices, wishes),
  warnings: [...inventory.warnings, ...missingGpus(inventory.devices, wishes), ...exposures(inventory.devices, wishes)],
});

/** Compilers read what strangers wrote: without any walls around them only where the fleet file says so. */
export const mayCompile = ({ confinement }: Inventory, { compileUnconfined }: Pick<Wishes, 'compileUnconfined'>): boolean =>
  confinement?.level !== 'none' || compileUnconfined === true;

const selectDevices = (devices: readonly Device[], wishes: Wishes): Device[] => {
  const { gpus, cpu } = wishes;
  const wanted = gpus.kind === 'listed' ? new Set(gpus.gpus.map((gpu) => idOf(gpu, devices))) : null;
  return devices
    .filter((device) => {
      if (device.kind === 'cpu') return cpu;
      return wanted ? wanted.has(device.id) : gpus.kind === 'all';
    })
    .map((device) => guardHost(device, wishes));
};

/** What people submit runs beside the runner's own processes: a GPU that reaches their memory takes none of it unless somebody said so. */
export const guardHost = (device: Device, { allowHostMemoryAccess = false }: Pick<Wishes, 'allowHostMemoryAccess'>): Device =>
  isExposed(device) && !allowHostMemoryAccess
    ? { ...device, unavailable: `kernels on it reach the memory of the host's processes (${device.hostMemory})` }
    : device;

export const isExposed = ({ hostMemory }: Device): boolean => (hostMemory ?? null) !== null;

export const exposures = (devices: readonly Device[], wishes: Wishes): readonly string[] =>
  selectDevices(devices, wishes)
    .filter(isExposed)
    .map(({ model, id, hostMemory }) =>
      wishes.allowHostMemoryAccess
        ? `${model} ${id}: kernels on it reach the memory of the host's processes (${hostMemory}), and the fleet file allows it`
        : `${model} ${id} takes no work: kernels on it reach the memory of the host's processes (${hostMemory}); ${HOST_MEMORY_REMEDY}`,
    );

export const missingGpus = (devices: readonly Device[], { gpus }: Wishes): readonly string[] => {
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
