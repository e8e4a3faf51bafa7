/**
 * What a reading says against a device. Pure.
 *
 * A `fault` no candidate can bring about: it takes the device out. A `suspicion` may come from what a candidate did, or says too little: a known-good
 * candidate decides. A brake makes nothing wrong, but times taken under it are not those of the device. Xid errors of applications (an illegal address, a
 * killed process) are no evidence at all: any candidate makes them.
 */
import type { DeviceReading, HostReading } from './reading.ts';

export interface Findings {
  /** `doubtsVerdicts`: it may have computed wrongly. */
  readonly fault: { readonly reason: string; readonly doubtsVerdicts: boolean } | null;
  readonly suspicion: string | null;
  readonly brake: string | null;
}

/** Of NVML: what lowers clocks for another reason than the power that the work itself takes. */
const BRAKES = ['hw_slowdown', 'hw_thermal_slowdown', 'hw_power_brake', 'sw_thermal_slowdown'] as const;
/** Of these, what the machine around the GPU does. */
const HARDWARE_BRAKES: readonly string[] = ['hw_slowdown', 'hw_thermal_slowdown', 'hw_power_brake'];

/** NVIDIA's catalogue of Xid errors: those of the hardware, by what they mean for verdicts. */
const FAULT_XIDS: ReadonlyMap<number, string> = new Map([
  [48, 'an uncorrectable memory error'],
  [64, 'a row of its memory could not be remapped'],
  [79, 'it fell off the bus'],
  [95, 'an uncontained memory error'],
  [140, 'an unrecovered memory error'],
]);
const SUSPICIOUS_XIDS: ReadonlyMap<number, string> = new Map([
  [62, 'its microcontroller halted'],
  [63, 'a row of its memory is to be remapped'],
  [74, 'an NVLink error'],
  [92, 'many corrected memory errors'],
  [94, 'a contained memory error'],
  [119, 'its system processor did not answer'],
  [120, 'an error of its system processor'],
]);

export const brakesOf = (throttleReasons: readonly string[]): readonly string[] =>
  BRAKES.filter((brake) => throttleReasons.includes(brake));

export const hardwareBrakesOf = (throttleReasons: readonly string[]): readonly string[] =>
  throttleReasons.filter((reason) => HARDWARE_BRAKES.includes(reason));

/** `first`: the first reading of the device that is known; null where this is it. */
export const findingsOf = (host: HostReading, device: DeviceReading | null, first: DeviceReading | null): Findings => {
  const fault = faultOfDriver(host) ?? (device && faultOf(device, first));
  const brakes = brakesOf(device?.throttleReasons ?? []);
  return {
    fault,
    suspicion: fault ? null : xidText(device, SUSPICIOUS_XIDS),
    brake: brakes.length === 0 ? null : `its clocks are held down by ${brakes.join(', ')}`,
  };
};

const faultOfDriver = ({ nvml, message }: HostReading): Findings['fault'] => {
  const why = message === null ? '' : ` (${message})`;
  switch (nvml) {
    case 'hangs':
      return { reason: `NVML does not answer${why}: the driver is stuck; restart the host`, doubtsVerdicts: false };
    case 'mismatch':
      return {
        reason: `NVML belongs to another driver than the one that is loaded${why}: load the new driver, or restart the host`,
        doubtsVerdicts: false,
      };
    case 'answers':
    case 'missing':
    case 'failed':
      return null;
  }
};

const faultOf = (device: DeviceReading, first: DeviceReading | null): Findings['fault'] => {
  const { lost, foreign } = device;
  if (lost !== null) return doubtful(`NVML cannot reach it (${lost}): it fell off the bus; restart the host`);
  const wrong = memoryFault(device, first) ?? xidText(device, FAULT_XIDS);
  if (wrong !== null) return doubtful(wrong);
  return foreign === null ? null : { reason: foreign, doubtsVerdicts: false };
};

const memoryFault = ({ ecc, remappedRows }: DeviceReading, first: DeviceReading | null): string | null => {
  const uncorrected = ecc === null ? 0 : Math.max(ecc.volatileUncorrected, ecc.aggregateUncorrected - knownErrors(first, ecc));
  if (uncorrected > 0)
    return `its memory has ${uncorrected} uncorrectable ECC errors: reset it, and replace it if they come again`;
  if (remappedRows?.failed) return 'a row of its memory could not be remapped: replace it';
  return remappedRows?.pending ? 'rows of its memory wait to be remapped: reset it' : null;
};

/** Of its life before: what was wrong then was mended. */
const knownErrors = (first: DeviceReading | null, now: NonNullable<DeviceReading['ecc']>): number =>
  first?.ecc?.aggregateUncorrected ?? now.aggregateUncorrected;

const doubtful = (reason: string): Findings['fault'] => ({ reason, doubtsVerdicts: true });

/** "Xid 48 (an uncorrectable memory error), 2 times" */
const xidText = (device: Pick<DeviceReading, 'xids'> | null, known: ReadonlyMap<number, string>): string | null => {
  const errors = (device?.xids ?? []).flatMap(({ code, count }) => {
    const meaning = known.get(code);
    return meaning === undefined ? [] : [`Xid ${code} (${meaning})${count > 1 ? `, ${count} times` : ''}`];
  });
  return errors.length === 0 ? null : errors.join(', ');
};
