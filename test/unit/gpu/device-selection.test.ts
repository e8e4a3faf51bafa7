import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/domain/device.ts';
import { DeviceId } from '../../../src/domain/ids.ts';
import { selectInventory } from '../../../src/gpu/device-selection.ts';
import { INVENTORY } from '../../support/scripted-runner.ts';

const GPU: Device = {
  id: DeviceId.parse('GPU-a'),
  kind: 'gpu',
  model: 'NVIDIA GH200 480GB',
  architecture: 'sm_90a',
  memoryBytes: 1,
  multiprocessors: 132,
  l2Bytes: 1,
  copyBytesPerSecond: null,
  unavailable: null,
};
const select = (hostMemory: string | null | undefined, allowHostMemoryAccess?: boolean) =>
  selectInventory(
    { ...INVENTORY, devices: [{ ...GPU, hostMemory }] },
    {
      gpus: { kind: 'all' },
      cpu: false,
      compileSlots: null,
      ...(allowHostMemoryAccess !== undefined && { allowHostMemoryAccess }),
    },
  );

describe('a GPU whose kernels reach the memory of its host', () => {
  test('takes no work unless the fleet file allows it, and a warning says what to do', () => {
    for (const allowed of [undefined, false]) {
      const { devices, warnings } = select('it shares the page tables of the CPU', allowed);
      expect(devices[0]?.unavailable).toBe(
        "kernels on it reach the memory of the host's processes (it shares the page tables of the CPU)",
      );
      expect(warnings).toEqual([expect.stringMatching(/^NVIDIA GH200 480GB GPU-a takes no work: .*allowHostMemoryAccess: true/)]);
    }
  });

  test('takes work where the fleet file allows it, which is said all the same', () => {
    const { devices, warnings } = select('HMM', true);
    expect(devices[0]?.unavailable).toBeNull();
    expect(warnings).toEqual([expect.stringContaining('the fleet file allows it')]);
  });

  test('is none where the runner says nothing of it', () => {
    for (const hostMemory of [null, undefined])
      expect(select(hostMemory)).toMatchObject({ devices: [{ unavailable: null }], warnings: [] });
  });
});
