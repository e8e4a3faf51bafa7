import { z } from 'zod';

/** Where a stream starts. The `Last-Event-ID` header, which browsers send when they reconnect, wins over `after`. */
export const EventsQuery = z.strictObject({
  /** Sequence number: events after it come first, then live ones. Left out: from now on; a candidate's stream from its beginning. */
  after: z.coerce.number().int().min(0).optional(),
});
export type EventsQuery = z.output<typeof EventsQuery>;

export const WAIT_SECONDS_MAX = 60;

/** `wait`: hold the answer back until the candidate is done, at most this many seconds. */
export const CandidateQuery = z.strictObject({ wait: z.coerce.number().min(0).max(WAIT_SECONDS_MAX).default(0) });

export const Health = z.strictObject({ status: z.literal('ok') });
/** `reason`: why the daemon takes no work yet, or null. */
export const Readiness = z.strictObject({ ready: z.boolean(), reason: z.string().nullable() });
export type Readiness = z.infer<typeof Readiness>;
