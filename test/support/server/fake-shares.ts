/** Share links in memory. */
import type { ShareStore } from '../../../src/domain/ports/shares.ts';
import type { ShareRecord, ShareRow } from '../../../src/domain/share.ts';

const told = ({ secretHash: _hash, ...share }: ShareRecord): ShareRow => share;

export const createFakeShares = (): ShareStore => {
  const kept = new Map<string, ShareRecord>();
  return {
    addShare: async (share) => void kept.set(share.id, share),
    share: async (id) => kept.get(id) ?? null,
    shares: async (madeWith) =>
      [...kept.values()]
        .filter(({ tokenId }) => madeWith === null || tokenId === madeWith)
        .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
        .slice(0, 1000)
        .map(told),
    revokeShare: async (id, at) => {
      const share = kept.get(id);
      if (share === undefined) return null;
      kept.set(id, { ...share, revokedAt: share.revokedAt ?? at });
      return told(kept.get(id) ?? share);
    },
  };
};
