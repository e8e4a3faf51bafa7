/** Changes to the fleet while the daemon runs. */
import { z } from 'zod';
import { HostId } from '../ids.ts';

const Count = z.int().min(0);
/** Far above what an entry of a fleet file needs; what reads it calls itself once a level. */
const LEVELS_MAX = 16;

const isWithin = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' || value === null || (levels > 0 && Object.values(value).every((one) => isWithin(one, levels - 1)));

/** A host that is added for longer belongs in the fleet file. */
export const EXPIRES_SECONDS_MAX = 366 * 86_400;

export const HostChange = z.strictObject({
  host: HostId,
  /** `replace`: drained, and connected to anew as the file says now; `relabel`: at once, nothing else of it changed. */
  change: z.enum(['add', 'remove', 'replace', 'relabel']),
  /** Of a host that stays: what differs. */
  fields: z.array(z.string()),
});
export type HostChange = z.infer<typeof HostChange>;

/** What the fleet file, as it is now, changes. */
export const FleetPlan = z.strictObject({
  /** Null: there is none, this machine alone. */
  file: z.string().nullable(),
  changes: z.array(HostChange),
  unchanged: Count,
  /** Hosts that are removed or replaced drain first. */
  applied: z.boolean(),
});
export type FleetPlan = z.infer<typeof FleetPlan>;

export const AddHost = z.strictObject({
  /** As an entry of the fleet file, by ssh. */
  host: z
    .record(z.string(), z.unknown())
    .refine(
      (host) => isWithin(host, LEVELS_MAX),
      `nested deeper than ${LEVELS_MAX} levels: give an entry as the fleet file has it`,
    ),
  /** Left out: until it is removed. */
  expiresInSeconds: z.int().min(1).max(EXPIRES_SECONDS_MAX).optional(),
});
export type AddHost = z.input<typeof AddHost>;

export const HostAdded = z.strictObject({ host: HostId, expiresAt: z.iso.datetime().nullable() });
export type HostAdded = z.infer<typeof HostAdded>;

/** It drains, and leaves when what it has is done. */
export const HostRemoved = z.strictObject({ host: HostId, state: z.literal('draining') });
export type HostRemoved = z.infer<typeof HostRemoved>;

/** How a host came to the fleet. */
export const HostOrigin = z.strictObject({ by: z.enum(['file', 'api']), expiresAt: z.iso.datetime().nullable() });
export type HostOrigin = z.infer<typeof HostOrigin>;
