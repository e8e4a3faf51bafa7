import { z } from 'zod';

/** A distribution of problem.yaml with numbers in it, `empty` (never set), or `unplain`: none of these. */
export const DescribedDraw = z.looseObject({ kind: z.string(), reason: z.string().optional() });
export type Draw = z.infer<typeof DescribedDraw>;
