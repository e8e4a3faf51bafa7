/** GET /v1/candidates/:id/why: what a candidate waits for. */
import { z } from 'zod';
import { CANDIDATE_STATUSES } from '../candidate.ts';
import { CandidateId } from '../ids.ts';

export const WHY_CODES = [
  // It does not wait.
  'done',
  'cancelled',
  'cancelling',
  'judging',
  'confirming',
  'compiling',
  // People keep it.
  'paused',
  // What it needs is not there.
  'store_down',
  'queue_down',
  'no_job',
  'problem_changed',
  'no_host_of_class',
  'no_label',
  'environment_missing',
  'no_language',
  'no_model',
  'hosts_away',
  'quarantined',
  'unavailable',
  'booked',
  'failed_everywhere',
  // Its turn has not come.
  'back_off',
  'waits_for_compile_slot',
  'transferring',
  'waits_for_device',
  'more_urgent',
  'fair_share',
  'waits_to_confirm',
  'in_queue',
  'host_away',
] as const;
export type WhyCode = (typeof WHY_CODES)[number];

const Count = z.int().min(0);

export const WhyDevice = z.strictObject({
  host: z.string(),
  /** Null where the host has not told its devices yet. */
  device: z.string().nullable(),
  model: z.string().nullable(),
  /** `takes`: at once; `busy`: in its turn; `no`: not as things are. */
  can: z.enum(['takes', 'busy', 'no']),
  reason: z.string(),
});
export type WhyDevice = z.infer<typeof WhyDevice>;

export const Why = z.strictObject({
  id: CandidateId,
  status: z.enum(CANDIDATE_STATUSES),
  /** What it waits for, or why it does not wait. */
  code: z.enum(WHY_CODES),
  /** The same in words. */
  summary: z.string(),
  /** What somebody could do about it; null where it takes only time. */
  todo: z.string().nullable(),
  /** Candidates that come before it for the devices that could take it; null where order does not matter to it. */
  position: z
    .strictObject({
      ahead: Count,
      /** Of other submitters; and those that a smaller priority number puts before it. */
      ofOthers: Count,
      moreUrgent: Count,
      /** Otherwise it is still in the queue, and turns between submitters may put it elsewhere; where there are more they are not counted. */
      isExact: z.boolean(),
    })
    .nullable(),
  /** Devices of its class, and what keeps each from taking it now. */
  devices: z.array(WhyDevice),
  /** Until its verdict, from what was measured; null where nothing says so. */
  eta: z.strictObject({ seconds: z.number().min(0), how: z.string() }).nullable(),
  /** What else is wrong. */
  notes: z.array(z.string()),
});
export type Why = z.infer<typeof Why>;
