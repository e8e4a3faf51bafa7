/** What the vendor's libraries take for a problem: its own program is judged on idle devices, as a target beside the floor. */
import { z } from 'zod';
import { DeviceClass } from './device.ts';
import { CandidateId, ContentHash } from './ids.ts';

/** Who submits them. Nobody else may. */
export const LIBRARY_SUBMITTER = 'library';

/** Part of such a candidate's content: each of these is judged for itself. */
export const LibraryRunKey = z.strictObject({
  /** Of the program. The problem's version does not hold it. */
  hash: ContentHash,
  deviceModel: z.string(),
  /** "torch 2.11.0, CUDA 13.0, driver 580.65.06" */
  environment: z.string(),
});
export type LibraryRunKey = z.infer<typeof LibraryRunKey>;

/** What the program takes on one device model; times are nanoseconds. */
export const LibraryTime = z.strictObject({
  device: DeviceClass,
  deviceModel: z.string(),
  /** Null before it was given to a device. */
  candidateId: CandidateId.nullable(),
  /** Of the run that is shown; null before there is one. */
  environment: z.string().nullable(),
  /** None where there is no time. */
  cases: z.array(z.strictObject({ case: z.string(), medianNs: z.number().positive() })),
  /** Why there is no time; null where there is one. */
  reason: z.string().nullable(),
});
export type LibraryTime = z.infer<typeof LibraryTime>;

/** GET /v1/problems/:name/library: one entry a device model. `program`: null where the problem names none. */
export const LibraryView = z.strictObject({ problem: z.string(), program: z.string().nullable(), models: z.array(LibraryTime) });
export type LibraryView = z.infer<typeof LibraryView>;
