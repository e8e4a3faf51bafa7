import { z } from 'zod';

export const Health = z.strictObject({ status: z.literal('ok') });
/** `reason`: why the daemon takes no work yet, or null. */
export const Readiness = z.strictObject({ ready: z.boolean(), reason: z.string().nullable() });
export type Readiness = z.infer<typeof Readiness>;
