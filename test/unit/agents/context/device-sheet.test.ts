import { describe, expect, test } from 'vitest';
import { deviceSheetOf } from '../../../../src/agents/context/device-sheet.ts';
import { DeviceSheet } from '../../../../src/domain/campaign/generation-context.ts';
import { fleetOf } from '../../../support/agents/fleet.ts';

const SXM = 'NVIDIA H100 80GB HBM3';
const PCIE = 'NVIDIA H100 PCIe';

describe('the device sheet', () => {
  test('says what the fleet and the data sheet know', () => {
    const sheet = DeviceSheet.parse(deviceSheetOf(fleetOf([{ model: SXM }]), 'H100'));
    expect(sheet).toEqual({
      class: 'H100',
      model: SXM,
      architecture: 'sm_90a',
      multiprocessors: 132,
      memoryBytes: 85e9,
      l2Bytes: 52_428_800,
      sharedBytesPerBlock: 232_448,
      copyBytesPerSecond: 2.6e12,
      peakBytesPerSecond: 3.36e12,
      peakFlopsPerSecond: { f64: 67e12, f32: 67e12, f16_tensor: 990e12, f8_tensor: 1979e12 },
    });
  });

  test('describes the model that most devices have, of those that take work', () => {
    expect(deviceSheetOf(fleetOf([{ model: PCIE }, { model: SXM }, { model: SXM }]), 'H100').model).toBe(SXM);
    const down = { model: SXM, unavailable: 'canary failed' };
    expect(deviceSheetOf(fleetOf([{ model: PCIE }, down, down]), 'H100').model).toBe(PCIE);
    expect(deviceSheetOf(fleetOf([down]), 'H100').model).toBe(SXM);
  });

  test('takes the copy rate of a device that was measured', () => {
    const sheet = deviceSheetOf(fleetOf([{ model: SXM, copyBytesPerSecond: null }, { model: SXM }]), 'H100');
    expect(sheet.copyBytesPerSecond).toBe(2.6e12);
  });

  test('knows no shared memory and no peaks of what it does not know', () => {
    const sheet = DeviceSheet.parse(
      deviceSheetOf(fleetOf([{ model: 'Kiln simulated GPU', architecture: 'native' }]), 'simulated'),
    );
    expect(sheet).toMatchObject({ sharedBytesPerBlock: null, peakBytesPerSecond: null, peakFlopsPerSecond: null });
  });

  test('says what the class alone tells while no host has it', () => {
    const sheet = DeviceSheet.parse(deviceSheetOf(fleetOf([]), 'A100'));
    expect(sheet).toMatchObject({ model: 'unknown', peakBytesPerSecond: 2.04e12, copyBytesPerSecond: null });
  });
});
