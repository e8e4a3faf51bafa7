/** What a profiler, or failing that the compiled binary, says about a candidate: the few numbers that decide the next step. */
import { z } from 'zod';
import { CandidateId } from './ids.ts';

const Share = z.number().min(0).max(1);

/** One kernel of the plan, over one run of one bench case. Null: not measured (see `note` of the summary). */
export const KernelProfile = z.strictObject({
  kernel: z.string(),
  registers: z.int().min(0).nullable(),
  /** Per thread, bytes. */
  spillBytes: z.int().min(0).nullable(),
  /** Static and dynamic, bytes per block. */
  sharedBytes: z.int().min(0).nullable(),
  /** Resident warps / the most a multiprocessor holds; `achieved` is measured, `theoretical` follows from the resources. */
  occupancyTheoretical: Share.nullable(),
  occupancyAchieved: Share.nullable(),
  /** What keeps more blocks from being resident ("registers", "shared memory", "block size", "warps"). */
  occupancyLimiter: z.string().nullable(),
  durationNs: z.number().positive().nullable(),
  memoryPeakShare: Share.nullable(),
  computePeakShare: Share.nullable(),
  l2HitRate: Share.nullable(),
  /** Conflicts / shared-memory wavefronts. */
  bankConflictShare: Share.nullable(),
  /** Largest first, at most five. */
  stalls: z.array(z.strictObject({ reason: z.string(), share: Share })).max(5),
});
export type KernelProfile = z.infer<typeof KernelProfile>;

/** Why this case of all: the least share of its floor, of the record's time or of the baseline's. `share`: that time / the candidate's. */
const ChosenCase = z.strictObject({ by: z.enum(['floor', 'record', 'baseline']), share: z.number().positive() });
export type ChosenCase = z.infer<typeof ChosenCase>;

export const ProfileSummary = z.strictObject({
  /** `ncu`: measured by Nsight Compute. `binary`: from the compiled code and the device's limits alone. */
  source: z.enum(['ncu', 'binary']),
  /** Why numbers are missing and how to fix that ("ncu is not installed on HOST: …"), or null. */
  note: z.string().nullable(),
  case: z.string(),
  /** Left out where nothing says which case is the worst, and of profiles from before: then it is the largest. */
  chosen: ChosenCase.optional(),
  deviceModel: z.string(),
  kernels: z.array(KernelProfile).max(16),
});
export type ProfileSummary = z.infer<typeof ProfileSummary>;

/** A profile of a candidate: asked for with it (`profile: true`) or later. The last one counts. */
export const Profile = z.strictObject({
  candidateId: CandidateId,
  state: z.discriminatedUnion('status', [
    /** Waits for its verdict, a host or its turn: `reason` says which. */
    z.strictObject({ status: z.literal('waiting'), reason: z.string() }),
    z.strictObject({ status: z.literal('done'), summary: ProfileSummary, rawBytes: z.int().min(0) }),
    z.strictObject({ status: z.literal('failed'), message: z.string() }),
  ]),
  askedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Profile = z.infer<typeof Profile>;
