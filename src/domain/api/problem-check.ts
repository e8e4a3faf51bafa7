/** POST /v1/problems/:name/check: wrong versions of a problem's reference, tried on a device of the fleet. */
import { z } from 'zod';
import { DeviceId, HostId } from '../ids.ts';

/** Neither: any device that takes work, a GPU first. */
export const CheckProblem = z.strictObject({
  host: HostId.optional(),
  /** A device class ("H100"). */
  device: z.string().min(1).max(64).optional(),
});
export type CheckProblem = z.infer<typeof CheckProblem>;

/** One wrong version. `foundBy`: the case that it failed; null: it passed, or `untried` says why it could not be tried. */
export const TriedMutant = z.strictObject({
  name: z.string(),
  foundBy: z.string().nullable(),
  untried: z.string().nullable().default(null),
});
export type TriedMutant = z.infer<typeof TriedMutant>;

export const ProblemTried = z.strictObject({
  problem: z.string(),
  host: HostId,
  deviceId: DeviceId,
  deviceModel: z.string(),
  device: z.string(),
  /** False: it judges nobody there, or something wrong passes. */
  ok: z.boolean(),
  /** Why it cannot tell right from wrong at all; null where it can. */
  refused: z.string().nullable(),
  mutants: z.array(TriedMutant),
  /** The problem's library program there: what is wrong with it, or why it was not tried. Null: there is none for the device. */
  library: z.strictObject({ failed: z.string().nullable(), untried: z.string().nullable() }).nullable().default(null),
});
export type ProblemTried = z.infer<typeof ProblemTried>;
