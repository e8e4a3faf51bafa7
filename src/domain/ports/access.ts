/** Tokens and the audit list as they are kept. Implemented by src/store; test/integration/store/access.conformance.ts is the suite. */
import type { AuditEntry, NewAuditEntry } from '../access/audit.ts';
import type { Token, TokenId, TokenRecord } from '../access/token.ts';

export interface TokenStore {
  addToken(token: TokenRecord): Promise<void>;
  /** Newest first, those that are over too. */
  tokens(): Promise<readonly TokenRecord[]>;
  /** Null where there is none; one that was revoked keeps its moment. */
  revokeToken(id: TokenId, at: string): Promise<Token | null>;
}

export interface AuditQuery {
  /** Entries before this sequence number; null: from the newest. */
  readonly before: number | null;
  readonly limit: number;
  readonly who?: string | undefined;
  readonly action?: string | undefined;
}

export interface AuditStore {
  /** Durable when it resolves. Returns its sequence number. The oldest beyond what is kept go. */
  addAudit(entry: NewAuditEntry): Promise<number>;
  endAudit(sequence: number, status: number): Promise<void>;
  /** Newest first. */
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;
}
