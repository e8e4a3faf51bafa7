/**
 * Whether a device is trusted, by Kiln's own evidence alone.
 *
 *   healthy      nothing speaks against it
 *   suspect      something does that is no proof: a known-good candidate is asked for at once; it works meanwhile. Or it would be quarantined, and is not,
 *                since more than half of its class would be out: then a person has to decide
 *   quarantined  it takes no work: it failed a known-good candidate, cannot judge one, has a fault of its own, or somebody said so
 *   probation    it came back from quarantine: it works, and known-good candidates follow soon after each other
 */
import { z } from 'zod';
import type { DeviceId, HostId } from '../ids.ts';

export const DEVICE_STATES = ['healthy', 'suspect', 'quarantined', 'probation'] as const;

export const DeviceState = z.strictObject({
  state: z.enum(DEVICE_STATES),
  /** Null where it is healthy. */
  reason: z.string().nullable(),
  since: z.iso.datetime(),
  /** It does not come to an end by itself. */
  needsPerson: z.boolean(),
});
export type DeviceState = z.infer<typeof DeviceState>;

/** A device came to another state. */
export interface DeviceStateChange extends DeviceState {
  readonly hostId: HostId;
  readonly deviceId: DeviceId;
  /** Null: nothing was known of it. */
  readonly before: DeviceState['state'] | null;
}

/** "suspect since 2026-01-01T00:00:00.000Z: it refuses more …"; null where it is healthy. */
export const deviceStateText = ({ state, reason, since }: DeviceState): string | null =>
  state === 'healthy' ? null : `${state} since ${since}${reason === null ? '' : `: ${reason}`}`;
