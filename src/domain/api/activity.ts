import { z } from 'zod';
import { AttemptId, DeviceId, HostId } from '../ids.ts';
import { VERDICTS } from '../outcome.ts';

const Verdict = z.enum(VERDICTS);
const Milliseconds = z.number().min(0);
const Instant = z.iso.datetime();

export const ACTIVITY_MAX = 20_000;
export const ActivityQuery = z.strictObject({
  /** Attempts that finished after this moment. */
  since: z.iso.datetime().refine((moment) => !moment.startsWith('0000'), 'no calendar has a year 0: name a later one'),
  limit: z.coerce.number().int().min(1).max(ACTIVITY_MAX).default(ACTIVITY_MAX),
});
export type ActivityQuery = z.output<typeof ActivityQuery>;

/** One attempt and where the device's time went. */
export const Activity = z.strictObject({
  attemptId: AttemptId,
  problem: z.string(),
  hostId: HostId,
  deviceId: DeviceId,
  mode: z.enum(['screen', 'confirm']),
  startedAt: Instant.nullable(),
  finishedAt: Instant,
  verdict: Verdict.nullable(),
  /** Why the attempt failed for a reason that is not the candidate's, or null. */
  infra: z.string().nullable(),
  idleGapMs: Milliseconds,
  loadMs: Milliseconds,
  checkMs: Milliseconds,
  measureMs: Milliseconds,
});
export type Activity = z.infer<typeof Activity>;
/** Oldest first; the newest where there are more than `limit`. */
export const ActivityList = z.strictObject({ attempts: z.array(Activity) });
export type ActivityList = z.infer<typeof ActivityList>;
