import { describe, expect, test } from 'vitest';
import { TokenId } from '../../../src/domain/access/token.ts';
import type { ShareStore } from '../../../src/domain/ports/shares.ts';
import { ShareId, type ShareRecord } from '../../../src/domain/share.ts';

const idOf = (digit: string): ShareId => ShareId.parse(`l-${digit.repeat(16)}`);
const share = (digit: string, change: Partial<ShareRecord> = {}): ShareRecord => ({
  id: idOf(digit),
  secretHash: digit.repeat(64),
  page: '/problems/softmax?device=H100',
  note: 'for ada',
  createdAt: `2026-01-0${digit}T00:00:00.000Z`,
  createdBy: 'operator',
  tokenId: null,
  expiresAt: '2026-02-01T00:00:00.000Z',
  revokedAt: null,
  ...change,
});

/** What keeps share links must do. `fresh` gives one that holds none. */
export const describeShares = (name: string, fresh: () => Promise<ShareStore>): void => {
  describe(`share links on ${name}`, () => {
    test('are kept as they were made, and are listed newest first without what opens them', async () => {
      const store = await fresh();
      await store.addShare(share('1'));
      await store.addShare(share('2', { page: '/sweeps/s-0' }));
      expect(await store.share(idOf('1'))).toEqual(share('1'));
      expect(await store.share(idOf('3'))).toBeNull();
      const list = await store.shares(null);
      expect(list.map(({ id }) => id)).toEqual([idOf('2'), idOf('1')]);
      expect(JSON.stringify(list)).not.toContain('1'.repeat(64));
    });

    test('of one token are listed however many were made by others since', async () => {
      const store = await fresh();
      const ada = TokenId.parse('t-0123456789abcdef');
      await store.addShare(share('1', { tokenId: ada }));
      const newer = Array.from({ length: 1000 }, (_, index) =>
        share('2', { id: ShareId.parse(`l-${index.toString(16).padStart(16, '0')}`) }),
      );
      for (const one of newer) await store.addShare(one);
      expect((await store.shares(ada)).map(({ id }) => id)).toEqual([idOf('1')]);
      expect(await store.shares(null)).toHaveLength(1000);
    });

    test('are revoked once: the first moment stays', async () => {
      const store = await fresh();
      await store.addShare(share('1'));
      expect(await store.revokeShare(idOf('1'), '2026-01-05T00:00:00.000Z')).toMatchObject({
        revokedAt: '2026-01-05T00:00:00.000Z',
      });
      await store.revokeShare(idOf('1'), '2026-01-06T00:00:00.000Z');
      expect(await store.share(idOf('1'))).toMatchObject({ revokedAt: '2026-01-05T00:00:00.000Z' });
      expect(await store.revokeShare(idOf('4'), '2026-01-06T00:00:00.000Z')).toBeNull();
    });
  });
};
