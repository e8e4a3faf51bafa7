/** Who calls, once access was checked. */
import type { Role } from './role.ts';
import type { TokenId } from './token.ts';

export interface Principal {
  /** Of the token; `operator` for the one that is configured, and where there is none. */
  readonly name: string;
  readonly role: Role;
  /** Null for the configured token, for this machine's own programs, and for a share link. */
  readonly tokenId: TokenId | null;
  /** Who submits where a submission names nobody; null: nobody in particular. */
  readonly submitter: string | null;
  /** A submission may name others, and the work of others may be steered. */
  readonly isForOthers: boolean;
}

/** The configured token, or this machine's own programs where there is none. */
export const OPERATOR: Principal = { name: 'operator', role: 'admin', tokenId: null, submitter: null, isForOthers: true };
