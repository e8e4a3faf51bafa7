import { z } from 'zod';

const Count = z.int().min(0);

/** GET /v1/queue: what waits, where, for whom, since when, and how long it will take. */
export const QueueView = z.strictObject({
  stages: z.strictObject({ queued: Count, compiling: Count, ready: Count, judging: Count, confirming: Count }),
  byDevice: z.array(
    z.strictObject({
      device: z.string(),
      waiting: Count,
      running: Count,
      /** Kept from being judged; not among those that wait. */
      paused: Count.default(0),
      /** Devices of this class that take work now. */
      slots: Count,
      /** Why nothing moves ("no host of the fleet has this device class"), or null. */
      blocked: z.string().nullable(),
      etaSeconds: z.number().nullable(),
    }),
  ),
  bySubmitter: z.array(z.strictObject({ submitter: z.string(), waiting: Count, running: Count })),
  /** Age of the oldest waiting candidate, seconds; null when none waits. */
  oldestSeconds: z.number().nullable(),
  /** Verdicts a second over the last 60 s. */
  throughputPerSecond: z.number(),
  /** Seconds until the queue is empty, which is when the slowest device class is through; null when it is unknown, as while one is blocked. */
  etaSeconds: z.number().nullable(),
});
export type QueueView = z.infer<typeof QueueView>;
