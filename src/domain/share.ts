/** A link that opens one page to whoever has it, to read and no more, until it expires or is revoked. */
import { z } from 'zod';

export const ShareId = z
  .string()
  .regex(/^l-[0-9a-f]{16}$/u, 'must be the id of a share link: "l-" and 16 hex digits')
  .brand('ShareId');
export type ShareId = z.infer<typeof ShareId>;

export const Share = z.strictObject({
  id: ShareId,
  /** Path and query of the page. */
  page: z.string(),
  /** For whom, or what for. */
  note: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type Share = z.infer<typeof Share>;

/** As it is kept: of the secret in the link, only its digest. */
export interface ShareRecord extends Share {
  /** SHA-256, hex. */
  readonly secretHash: string;
}
