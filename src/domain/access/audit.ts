/** Who did what, when: operations on queue, hosts, fleet, tokens and submitters, those that were refused too. */
import { z } from 'zod';
import { ROLES } from './role.ts';
import { TokenId } from './token.ts';

export const AuditEntry = z.strictObject({
  sequence: z.int().positive(),
  at: z.iso.datetime(),
  /** The token's name, or `operator`. */
  who: z.string(),
  role: z.enum(ROLES),
  tokenId: TokenId.nullable(),
  /** What the caller calls itself: nobody has checked it. */
  says: z.string().nullable(),
  address: z.string(),
  /** The operation of the API: "holdHost", "cancelCandidates". */
  action: z.string(),
  /** What it was done to: the path's ids and names. */
  target: z.string(),
  /** What was asked for, shortened. Never a secret. */
  detail: z.record(z.string(), z.unknown()),
  /** The answer's HTTP status; null where the daemon ended before it was given. */
  status: z.int().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
export type NewAuditEntry = Omit<AuditEntry, 'sequence'>;
