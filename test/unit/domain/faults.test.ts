import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/domain/hosts/faults.ts';
import type { DeviceReading, HostReading } from '../../../src/domain/hosts/reading.ts';
import { DeviceId } from '../../../src/domain/ids.ts';

const healthy: DeviceReading = {
  deviceId: DeviceId.parse('GPU-1'),
  lost: null,
  smClockMhz: 1980,
  memoryClockMhz: 2619,
  powerW: 400,
  temperatureC: 60,
  throttleReasons: ['sw_power_cap'],
  // Errors of years ago, whose rows were replaced.
  ecc: { volatileCorrected: 12, volatileUncorrected: 0, aggregateCorrected: 90, aggregateUncorrected: 2 },
  remappedRows: { correctable: 1, uncorrectable: 2, pending: false, failed: false },
  xids: [],
  foreign: null,
};
const answers: HostReading = { nvml: 'answers', message: null, devices: [] };
const found = (changes: Partial<DeviceReading>, host: Partial<HostReading> = {}, first: DeviceReading | null = healthy) =>
  findingsOf({ ...answers, ...host }, { ...healthy, ...changes }, first);
const ecc = (changes: Partial<NonNullable<DeviceReading['ecc']>>) => ({
  ecc: { ...healthy.ecc, ...changes } as DeviceReading['ecc'],
});
const rows = (changes: Partial<NonNullable<DeviceReading['remappedRows']>>) => ({
  remappedRows: { ...healthy.remappedRows, ...changes } as DeviceReading['remappedRows'],
});

test('a device whose memory once had errors that were mended is healthy, also where power holds its clock', () => {
  expect(found({})).toEqual({ fault: null, suspicion: null, brake: null });
});

test.each([
  ['uncorrectable errors since the driver was loaded', ecc({ volatileUncorrected: 1 }), /1 uncorrectable ECC errors/],
  ['more errors in its life than when it was first read', ecc({ aggregateUncorrected: 5 }), /3 uncorrectable ECC errors/],
  ['a row that could not be remapped', rows({ failed: true }), /could not be remapped: replace it/],
  ['rows that wait to be remapped', rows({ pending: true }), /wait to be remapped: reset it/],
  ['an Xid of its memory', { xids: [{ code: 48, count: 2 }] }, /Xid 48 .*, 2 times/],
  ['an Xid that says it fell off the bus', { xids: [{ code: 79, count: 1 }] }, /Xid 79 .*fell off the bus/],
  ['that NVML cannot reach it', { lost: 'GPU is lost' }, /GPU is lost.*fell off the bus/],
] satisfies readonly (readonly [string, Partial<DeviceReading>, RegExp])[])(
  'is out, and its verdicts are in doubt, by %s',
  (_what, changes, reason) => {
    const { fault } = found(changes);
    expect(fault?.reason).toMatch(reason);
    expect(fault?.doubtsVerdicts).toBe(true);
  },
);

test.each([
  [
    'NVML that does not answer',
    { nvml: 'hangs', message: 'no answer within 30 s' },
    {},
    /does not answer \(no answer within 30 s\)/,
  ],
  ['another driver than NVML’s', { nvml: 'mismatch' }, {}, /another driver than the one that is loaded/],
  ['somebody else on it', {}, { foreign: 'foreign process 7 (python train.py) computes on this GPU' }, /foreign process 7/],
] satisfies readonly (readonly [string, Partial<HostReading>, Partial<DeviceReading>, RegExp])[])(
  'is out, and its verdicts stand, by %s',
  (_what, host, changes, reason) => {
    const { fault } = found(changes, host);
    expect(fault?.reason).toMatch(reason);
    expect(fault?.doubtsVerdicts).toBe(false);
  },
);

test('Xid errors that any candidate can bring about say nothing', () => {
  const xids = [13, 31, 43, 45, 69, 109].map((code) => ({ code, count: 1_000 }));
  expect(found({ xids })).toEqual({ fault: null, suspicion: null, brake: null });
});

test('an Xid that may have another cause makes it suspect', () => {
  expect(found({ xids: [{ code: 94, count: 1 }] })).toMatchObject({
    fault: null,
    suspicion: 'Xid 94 (a contained memory error)',
  });
});

test('heat and power that is cut are brakes', () => {
  expect(found({ throttleReasons: ['sw_power_cap', 'hw_thermal_slowdown'] }).brake).toBe(
    'its clocks are held down by hw_thermal_slowdown',
  );
});
