/** What is set for a submitter: its part of the device time, and its limits. Who has none set has a weight of 1 and no limit. */
import { z } from 'zod';
import { Submitter } from './access/token.ts';

const COUNT_MAX = 10_000_000;

export const SubmitterLimits = z.strictObject({
  /** Its part of the device time of a class, against the weights of those who have work there too. */
  weight: z.number().min(0.01).max(1000),
  /** Candidates in work at once: being compiled, ready, or at a device. */
  runningMax: z.int().min(1).max(COUNT_MAX).nullable(),
  /** Candidates that are not done; more are refused. */
  queuedMax: z.int().min(1).max(COUNT_MAX).nullable(),
  /** Device minutes a day (UTC). What is over waits for the next. */
  gpuMinutesMax: z.number().min(0).max(1e7).nullable(),
});
export type SubmitterLimits = z.infer<typeof SubmitterLimits>;

export const LIMITS_DEFAULT: SubmitterLimits = { weight: 1, runningMax: null, queuedMax: null, gpuMinutesMax: null };

/** As it is kept. */
export const SubmitterSettings = SubmitterLimits.extend({
  submitter: Submitter,
  since: z.iso.datetime(),
  by: z.string(),
});
export type SubmitterSettings = z.infer<typeof SubmitterSettings>;
