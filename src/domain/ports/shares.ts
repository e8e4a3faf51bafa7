/** Share links as they are kept. Implemented by src/store; test/integration/store/shares.conformance.ts is the suite. */
import type { TokenId } from '../access/token.ts';
import type { ShareId, ShareRecord, ShareRow } from '../share.ts';

export interface ShareStore {
  addShare(share: ShareRecord): Promise<void>;
  share(id: ShareId): Promise<ShareRecord | null>;
  /** Newest first, those that are over too: the 1,000 newest of what was made with the token, or of all where it is null. */
  shares(madeWith: TokenId | null): Promise<readonly ShareRow[]>;
  /** Null where there is none; one that was revoked keeps its moment. */
  revokeShare(id: ShareId, at: string): Promise<ShareRow | null>;
}
