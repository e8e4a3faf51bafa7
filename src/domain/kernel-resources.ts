/** What a compiler says that each kernel takes, by kernel name. */
import { z } from 'zod';

export const KernelResources = z.record(
  z.string(),
  /** `registers` and `spillBytes` per thread, `sharedBytes` (static) per block. */
  z.strictObject({ registers: z.int().min(0), sharedBytes: z.int().min(0), spillBytes: z.int().min(0) }),
);
export type KernelResources = z.infer<typeof KernelResources>;
