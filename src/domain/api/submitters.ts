/** Submitters, their weights and limits, as the API takes and tells them. */
import { z } from 'zod';
import { Submitter } from '../access/token.ts';
import { SubmitterLimits } from '../submitters.ts';

const Count = z.int().min(0);

export const SubmitterParams = z.strictObject({ submitter: Submitter });

/** PUT /v1/submitters/:submitter: what is given is set, the rest stays. */
export const SetSubmitter = SubmitterLimits.partial().refine((given) => Object.keys(given).length > 0, {
  error: 'give weight, runningMax, queuedMax or gpuMinutesMax',
});
export type SetSubmitter = z.input<typeof SetSubmitter>;

export const SubmitterView = SubmitterLimits.extend({
  submitter: z.string(),
  /** When and by whom it was set; null: never. */
  since: z.iso.datetime().nullable(),
  by: z.string().nullable(),
  waiting: Count,
  running: Count,
  /** Device minutes since the day began (UTC); null where they are not limited, and not counted. */
  gpuMinutesToday: z.number().min(0).nullable(),
});
export type SubmitterView = z.infer<typeof SubmitterView>;
/** GET /v1/submitters: those with candidates that are not done, and those for whom something is set. */
export const SubmitterList = z.strictObject({ submitters: z.array(SubmitterView) });
export type SubmitterList = z.infer<typeof SubmitterList>;
