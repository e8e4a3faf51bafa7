/** A link that opens one page to whoever has it, to read and no more, until it expires or is revoked. */
import { z } from 'zod';
import type { TokenId } from './access/token.ts';

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
  /** Name of who made it. */
  createdBy: z.string().default('operator'),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type Share = z.infer<typeof Share>;

/** With which token it was made, and ends; null: with the configured one, or with none. */
export interface ShareRow extends Share {
  readonly tokenId: TokenId | null;
}

/** As it is kept: of the secret in the link, only its digest. */
export interface ShareRecord extends ShareRow {
  /** SHA-256, hex. */
  readonly secretHash: string;
}
