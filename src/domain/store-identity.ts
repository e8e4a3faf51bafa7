/** What tells one store from every other: made with its first tables and kept in it. A queue remembers whose jobs it holds by it. */
import { z } from 'zod';

export const StoreIdentity = z.object({
  id: z.string().regex(/^store-[0-9a-f]{32}$/),
  /** For people: where the store is. */
  name: z.string().min(1),
});
export type StoreIdentity = z.infer<typeof StoreIdentity>;
