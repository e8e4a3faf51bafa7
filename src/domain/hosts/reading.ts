/**
 * What NVML tells of a host's GPUs, read every few seconds by a process of its own beside the runner, which is killed where NVML does not answer. Nothing of a
 * candidate reaches it; but what a candidate does can show in it.
 */
import { z } from 'zod';
import { DeviceId } from '../ids.ts';

const Count = z.int().min(0);

export const DeviceReading = z.strictObject({
  deviceId: DeviceId,
  /** Why NVML has nothing to tell of it ("GPU is lost"); null where it has. */
  lost: z.string().nullable(),
  smClockMhz: z.number().nullable(),
  memoryClockMhz: z.number().nullable(),
  powerW: z.number().nullable(),
  temperatureC: z.number().nullable(),
  /** Names of NVML clock event reasons that are active. */
  throttleReasons: z.array(z.string()),
  /** Errors of its memory: since the driver was loaded, and in its life. Null where it has no ECC, or does not tell. */
  ecc: z
    .strictObject({
      volatileCorrected: Count,
      volatileUncorrected: Count,
      aggregateCorrected: Count,
      aggregateUncorrected: Count,
    })
    .nullable(),
  /** Rows of its memory that were replaced; whether some wait for a reset, and whether one could not be. */
  remappedRows: z
    .strictObject({ correctable: Count, uncorrectable: Count, pending: z.boolean(), failed: z.boolean() })
    .nullable(),
  /** Xid errors since the reading process began, by code. */
  xids: z.array(z.strictObject({ code: z.int(), count: Count })),
  /** "foreign process 123 (python train.py) computes on this GPU", or null. */
  foreign: z.string().nullable(),
});
export type DeviceReading = z.infer<typeof DeviceReading>;

export const HostReading = z.strictObject({
  /** `missing`: no NVML on this host; `failed`: it refuses; `mismatch`: it belongs to another driver than the one that is loaded; `hangs`: no answer in time. */
  nvml: z.enum(['answers', 'missing', 'failed', 'mismatch', 'hangs']),
  message: z.string().nullable(),
  devices: z.array(DeviceReading),
});
export type HostReading = z.infer<typeof HostReading>;
