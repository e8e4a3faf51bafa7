import { describe, expect, test } from 'vitest';
import type { NewAuditEntry } from '../../../src/domain/access/audit.ts';
import { TokenId, type TokenRecord } from '../../../src/domain/access/token.ts';
import type { SubmitterStore } from '../../../src/domain/ports/submitters.ts';
import type { SubmitterSettings } from '../../../src/domain/submitters.ts';
import type { AuditStore, TokenStore } from '../../../src/domain/ports/access.ts';

const idOf = (digit: string): TokenId => TokenId.parse(`t-${digit.repeat(16)}`);
const token = (digit: string, change: Partial<TokenRecord> = {}): TokenRecord => ({
  id: idOf(digit),
  secretHash: digit.repeat(64),
  name: `ada-${digit}`,
  role: 'submit',
  submitter: 'ada',
  createdAt: `2026-01-0${digit}T00:00:00.000Z`,
  createdBy: 'operator',
  expiresAt: null,
  revokedAt: null,
  ...change,
});
const entry = (change: Partial<NewAuditEntry> = {}): NewAuditEntry => ({
  at: '2026-01-01T00:00:00.000Z',
  who: 'ada',
  role: 'admin',
  tokenId: idOf('1'),
  says: null,
  address: '127.0.0.1',
  action: 'holdHost',
  target: 'box',
  detail: { state: 'draining', reason: 'a "new" cable' },
  status: null,
  ...change,
});

/** What keeps tokens and the audit list must do. `fresh` gives one that holds none. */
export const describeAccess = (name: string, fresh: () => Promise<TokenStore & AuditStore>): void => {
  describe(`tokens on ${name}`, () => {
    test('are kept as they were made, newest first', async () => {
      const store = await fresh();
      await store.addToken(token('1'));
      await store.addToken(token('2', { submitter: null, role: 'read', expiresAt: '2026-02-01T00:00:00.000Z' }));
      expect(await store.tokens()).toEqual([
        token('2', { submitter: null, role: 'read', expiresAt: '2026-02-01T00:00:00.000Z' }),
        token('1'),
      ]);
    });

    test('are revoked once: the first moment stays, and what is told holds no digest', async () => {
      const store = await fresh();
      await store.addToken(token('1'));
      const { secretHash: _hash, ...told } = token('1', { revokedAt: '2026-01-05T00:00:00.000Z' });
      expect(await store.revokeToken(idOf('1'), '2026-01-05T00:00:00.000Z')).toEqual(told);
      expect(await store.revokeToken(idOf('1'), '2026-01-06T00:00:00.000Z')).toEqual(told);
      expect(await store.revokeToken(idOf('4'), '2026-01-06T00:00:00.000Z')).toBeNull();
    });
  });

  describe(`the audit list on ${name}`, () => {
    test('tells what was written, newest first, a page at a time, with how it ended', async () => {
      const store = await fresh();
      const first = await store.addAudit(entry());
      const second = await store.addAudit(entry({ who: 'bob', action: 'pauseCandidates', tokenId: null, says: 'bob@box' }));
      await store.addAudit(entry({ action: 'releaseHost', status: 403 }));
      await store.endAudit(first, 200);
      const all = await store.audit({ before: null, limit: 10 });
      expect(all.map(({ action, status }) => [action, status])).toEqual([
        ['releaseHost', 403],
        ['pauseCandidates', null],
        ['holdHost', 200],
      ]);
      expect(all[2]).toEqual({ ...entry(), sequence: first, status: 200 });
      expect((await store.audit({ before: second, limit: 10 })).map(({ sequence }) => sequence)).toEqual([first]);
      expect(await store.audit({ before: null, limit: 1 })).toHaveLength(1);
      expect(
        (await store.audit({ before: null, limit: 10, who: 'ada', action: 'holdHost' })).map(({ sequence }) => sequence),
      ).toEqual([first]);
    });
  });
};

const settings = (submitter: string, change: Partial<SubmitterSettings> = {}): SubmitterSettings => ({
  submitter,
  weight: 2,
  runningMax: null,
  queuedMax: 5,
  gpuMinutesMax: 1.5,
  since: '2026-01-01T00:00:00.000Z',
  by: 'operator',
  ...change,
});

/** What keeps weights and limits of submitters must do. */
export const describeSubmitters = (name: string, fresh: () => Promise<SubmitterStore>): void => {
  describe(`submitters on ${name}`, () => {
    test('are kept as they were set last, until they are dropped', async () => {
      const store = await fresh();
      await store.keepSubmitter(settings('ada'));
      await store.keepSubmitter(settings('bob'));
      await store.keepSubmitter(settings('ada', { weight: 3 }));
      expect(await store.submitterSettings()).toEqual([settings('ada', { weight: 3 }), settings('bob')]);
      await store.dropSubmitter('ada');
      expect(await store.submitterSettings()).toEqual([settings('bob')]);
    });

    test('are told the device time of those who had some', async () => {
      const store = await fresh();
      expect(await store.deviceTime(['nobody'], '2026-01-01T00:00:00.000Z')).toEqual([]);
    });
  });
};
