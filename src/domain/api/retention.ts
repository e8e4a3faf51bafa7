/** POST /v1/gc: old candidates that nothing needs any more. */
import { z } from 'zod';

const Count = z.int().min(0);

export const CollectGarbage = z.strictObject({
  /** Since their verdict. */
  olderThanDays: z.number().min(0).max(36_500).default(90),
  /** The first places of each ranking stay, however old. */
  keepPlaces: z.int().min(100).max(1_000_000).default(1000),
  /** Only counts. */
  dryRun: z.boolean().default(false),
  /** Into a file of the daemon's data folder, before they are removed. */
  export: z.boolean().default(true),
});
export type CollectGarbage = z.output<typeof CollectGarbage>;

export const Collected = z.strictObject({
  /** Verdicts from before then were looked at. */
  before: z.iso.datetime(),
  keepPlaces: Count,
  removed: Count,
  /** What there was to be removed. */
  byProblem: z.record(z.string(), Count),
  /** A file on the daemon's machine: a line of JSON for each, with its source and attempts. */
  exportedTo: z.string().nullable(),
});
export type Collected = z.infer<typeof Collected>;
