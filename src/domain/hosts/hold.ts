/** Why a host, or one device of it, takes no work: somebody said so. It holds until somebody says otherwise. */
import { z } from 'zod';
import { DeviceId, HostId } from '../ids.ts';

/**
 * `cordoned`: nothing new; what waits there goes elsewhere. `draining`: the same, until nothing runs any more. `quarantined`: the same, since it is not
 * trusted. What runs is finished in any case.
 */
export const HOLD_STATES = ['cordoned', 'draining', 'quarantined'] as const;

const Reason = z.string().min(1).max(500);
const By = z.string().min(1).max(200);

export const Hold = z.strictObject({ state: z.enum(HOLD_STATES), reason: Reason, by: By, since: z.iso.datetime() });
export type Hold = z.infer<typeof Hold>;

/** POST /v1/hosts/:host/hold. Without a device: the whole host, its compiler included. */
export const HoldHost = z.strictObject({
  state: z.enum(HOLD_STATES),
  reason: Reason,
  device: DeviceId.nullable().default(null),
});
export type HoldHost = z.infer<typeof HoldHost>;

/** POST /v1/hosts/:host/release: it works again, also what canaries quarantined. */
export const ReleaseHost = HoldHost.omit({ state: true });
export type ReleaseHost = z.infer<typeof ReleaseHost>;

/** What holds the host now, and its devices. */
export const HostHolds = z.strictObject({
  host: HostId,
  hold: Hold.nullable(),
  devices: z.array(z.strictObject({ device: DeviceId, hold: Hold })),
});
export type HostHolds = z.infer<typeof HostHolds>;

/** One as it is kept. `deviceId` null: of the whole host. */
export interface HoldRecord {
  readonly hostId: HostId;
  readonly deviceId: DeviceId | null;
  readonly hold: Hold;
}

export const holdText = ({ state, reason, by, since }: Hold): string => `${state} since ${since} by ${by}: ${reason}`;
