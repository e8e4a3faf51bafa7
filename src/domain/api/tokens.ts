/** Tokens and the audit list, as the API takes and tells them. */
import { z } from 'zod';
import { AuditEntry } from '../access/audit.ts';
import { ROLES } from '../access/role.ts';
import { PlainText } from '../plain-text.ts';
import { Submitter, Token, TokenId, TokenName } from '../access/token.ts';

export const TOKEN_DAYS_MAX = 3650;
export const AUDIT_MAX = 1000;

/** POST /v1/tokens. */
export const CreateToken = z.strictObject({
  name: TokenName,
  role: z.enum(ROLES),
  /** Who submits with it; left out: its name. */
  submitter: Submitter.optional(),
  /** Of a `submit` token for a service that submits for many: submissions name whom they are for, and the work of all may be steered. */
  anySubmitter: z.boolean().default(false),
  /** Left out: it does not expire. */
  days: z.int().min(1).max(TOKEN_DAYS_MAX).optional(),
});
export type CreateToken = z.input<typeof CreateToken>;

/** `token`: what is sent as `Authorization: Bearer …`. It is told this once. */
export const TokenCreated = Token.extend({ token: z.string() });
export type TokenCreated = z.infer<typeof TokenCreated>;
export const TokenList = z.strictObject({ tokens: z.array(Token) });
export type TokenList = z.infer<typeof TokenList>;
/** By id or by name. */
export const TokenParams = z.strictObject({ token: z.union([TokenId, TokenName]) });

/** GET /v1/access: who the caller is. */
export const Access = z.strictObject({
  name: z.string(),
  role: z.enum(ROLES),
  /** Who submits where a submission names nobody; null: nobody in particular. */
  submitter: z.string().nullable(),
  /** Submissions may name others, and the work of others may be steered. */
  isForOthers: z.boolean(),
  expiresAt: z.iso.datetime().nullable(),
});
export type Access = z.infer<typeof Access>;

export const AuditQuery = z.strictObject({
  /** Entries before this sequence number: `next` of the answer before. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(AUDIT_MAX).default(100),
  who: PlainText.max(100).optional(),
  action: PlainText.max(100).optional(),
});
export type AuditQuery = z.output<typeof AuditQuery>;
/** Newest first. */
export const AuditList = z.strictObject({ entries: z.array(AuditEntry), next: z.int().nullable() });
export type AuditList = z.infer<typeof AuditList>;
