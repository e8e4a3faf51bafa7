import { z } from 'zod';

/** A distribution of problem.yaml with numbers in it, `empty` (never set), or `unplain`: none of these. */
export const DescribedDraw = z.looseObject({ kind: z.string(), reason: z.string().optional() });
export type Draw = z.infer<typeof DescribedDraw>;

/** Of whatever has elements. */
export const typed = {
  /** Kiln's name; PyTorch's where `known` is false. */
  dtype: z.string(),
  known: z.boolean(),
  shape: z.array(z.int().min(0)).max(64),
};
