/** Tokens that people and programs call with: each has a name and a role. Of its secret only the digest is kept. */
import { z } from 'zod';
import { PlainText } from '../plain-text.ts';
import { ROLES } from './role.ts';

const Instant = z.iso.datetime();

export const TokenId = z
  .string()
  .regex(/^t-[0-9a-f]{16}$/u, 'must be the id of a token: "t-" and 16 hex digits')
  .brand('TokenId');
export type TokenId = z.infer<typeof TokenId>;

export const TokenName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/iu,
    'a name is letters, digits, ".", "_", "-", at most 63, and begins with a letter or digit',
  );

export const Submitter = PlainText.min(1).max(64);

export const Token = z.strictObject({
  id: TokenId,
  name: TokenName,
  role: z.enum(ROLES),
  /** Who submits with it; null: whoever a submission names. */
  submitter: Submitter.nullable(),
  createdAt: Instant,
  createdBy: z.string(),
  /** Null: it does not expire. */
  expiresAt: Instant.nullable(),
  revokedAt: Instant.nullable(),
});
export type Token = z.infer<typeof Token>;

/** As it is kept. */
export interface TokenRecord extends Token {
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
}
