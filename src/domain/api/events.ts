import { z } from 'zod';

/** Where a stream starts. The `Last-Event-ID` header, which browsers send when they reconnect, wins over `after`. */
export const EventsQuery = z.strictObject({
  /** Sequence number: events after it come first, then live ones. Left out: from now on; a candidate's stream from its beginning. */
  after: z.coerce.number().int().min(0).optional(),
});
export type EventsQuery = z.output<typeof EventsQuery>;
