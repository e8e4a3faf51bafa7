/** Canaries: known-good candidates by which a host's compiler and devices are checked. Times are ISO 8601 UTC. */
import { z } from 'zod';
import { DeviceId, HostId } from './ids.ts';
import { VERDICTS } from './outcome.ts';

/**
 * What took a device out: a canary that failed; canaries that could not be judged, several in a row; or a fault that no candidate can bring about (its
 * memory, its driver, somebody else on it).
 */
export const QUARANTINE_CAUSES = ['canary', 'unjudged', 'fault'] as const;
export type QuarantineCause = (typeof QUARANTINE_CAUSES)[number];

/** Why a device, or the compiler of a compile host, takes no work, and since when. */
export const Quarantine = z.strictObject({
  reason: z.string(),
  since: z.iso.datetime(),
  /** Left out: a canary that failed. */
  cause: z.enum(QUARANTINE_CAUSES).optional(),
  /** False: its verdicts stand, since what is wrong does not make it compute wrongly. */
  doubtsVerdicts: z.boolean().optional(),
  /** Canaries that failed in a row. */
  failures: z.int().positive(),
  /** Of the next canary. */
  retryAt: z.iso.datetime().nullable(),
});
export type Quarantine = z.infer<typeof Quarantine>;

/** What is kept of the canaries of a device, or of a host's compiler. */
export interface CanaryState {
  readonly hostId: HostId;
  /** Null: of the host's compiler. */
  readonly deviceId: DeviceId | null;
  /** The last one that passed was asked for then; its verdicts up to there stand. Null before the first. */
  readonly trustedAt: string | null;
  readonly quarantine: Quarantine | null;
  /** What was compiled on the host under other marks than these is not used any more (engine/canaries/marks.ts). */
  readonly marks: { readonly code: string; readonly problems: string };
}

/**
 * A verdict that was taken back, and why: its device, or who had compiled it for other hosts, failed a canary after it; or an operator asked, who names
 * neither host nor device.
 */
export const JudgedAgain = z.strictObject({
  at: z.iso.datetime(),
  hostId: HostId.nullable(),
  /** Null, and the host not: it had compiled for another. */
  deviceId: DeviceId.nullable(),
  reason: z.string(),
  /** What it was. */
  verdict: z.enum(VERDICTS),
  speedup: z.number().positive().nullable(),
});
export type JudgedAgain = z.infer<typeof JudgedAgain>;
