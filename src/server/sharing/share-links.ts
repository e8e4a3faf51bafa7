/**
 * Share links: "/shared/ID.SECRET" opens the one page that it was made for. The secret is 256 random bits, told once and kept as its digest, as
 * tokens are: who reads the store cannot open a link. What it opens is in domain/share-scope.ts; when it ends, here: revoked, expired, or
 * never made, and never after the token that made it.
 */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { CreateShare, ShareCreated } from '../../domain/api/shares.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { KilnError } from '../../domain/errors.ts';
import type { ShareStore } from '../../domain/ports/shares.ts';
import { type Share, ShareId, type ShareRow } from '../../domain/share.ts';
import type { TokenBook } from '../callers/token-book.ts';
import { hashOf, isSame, newSecret } from '../secret.ts';
import { pageOf, SHARED_PREFIX, sharedThingOf, type SharedThing } from '../../domain/share-scope.ts';

const ID_BYTES = 8;
const DAY_MS = 24 * 3_600_000;

export interface OpenShare {
  readonly share: Share;
  readonly thing: SharedThing;
}

export interface ShareLinks {
  /** Throws INVALID_REQUEST for a page that cannot be shared, and NOT_FOUND where it shows nothing. */
  create(wish: z.output<typeof CreateShare>, by: Principal): Promise<ShareCreated>;
  /** Of others than the caller only to an admin. */
  list(by: Principal): Promise<readonly Share[]>;
  /** Throws NOT_FOUND, and FORBIDDEN for another's. */
  revoke(id: ShareId, by: Principal): Promise<Share>;
  /** Null for a link that never was, is revoked or has expired. */
  open(token: string): Promise<OpenShare | null>;
}

export interface ShareDeps {
  readonly store: ShareStore;
  readonly now: () => number;
  /** The thing with its whole id. Throws NOT_FOUND where it is not there. */
  readonly find: (thing: SharedThing) => Promise<SharedThing>;
  /** A link is valid no longer than the token that made it. */
  readonly tokens: Pick<TokenBook, 'principalById' | 'expiryOf'>;
}

export const createShareLinks = ({ store, now, find, tokens }: ShareDeps): ShareLinks => {
  /** A token may end before the link would. */
  const shown = ({ tokenId, ...share }: ShareRow): Share => {
    const end = tokenId === null ? null : tokens.expiryOf(tokenId);
    return end !== null && Date.parse(end) < Date.parse(share.expiresAt) ? { ...share, expiresAt: end } : share;
  };
  const isOver = ({ tokenId, ...share }: ShareRow): boolean =>
    share.revokedAt !== null ||
    Date.parse(share.expiresAt) <= now() ||
    (tokenId !== null && tokens.principalById(tokenId) === null);
  return {
    create: async ({ page, days, note }, by) => {
      const { path, search } = partsOf(page);
      const asked = sharedThingOf(path);
      if (asked === null) throw new KilnError('INVALID_REQUEST', CANNOT_BE_SHARED, { details: { field: 'body.page' } });
      const thing = await find(asked);
      const secret = newSecret();
      const share = shown({
        tokenId: by.tokenId,
        id: ShareId.parse(`l-${randomBytes(ID_BYTES).toString('hex')}`),
        page: `${pageOf(thing)}${search}`,
        note,
        createdAt: new Date(now()).toISOString(),
        createdBy: by.name,
        expiresAt: new Date(now() + days * DAY_MS).toISOString(),
        revokedAt: null,
      });
      await store.addShare({ ...share, secretHash: hashOf(secret), tokenId: by.tokenId });
      return { ...share, path: `${SHARED_PREFIX}/${share.id}.${secret}` };
    },
    list: async (by) => {
      if (by.role === 'admin') return (await store.shares(null)).map(shown);
      return by.tokenId === null ? [] : (await store.shares(by.tokenId)).map(shown);
    },
    revoke: async (id, by) => {
      const known = await store.share(id);
      if (known !== null && !isOwn(known, by))
        throw new KilnError(
          'FORBIDDEN',
          `the share link ${id} was made by ${known.createdBy}: only an admin ends those of others`,
        );
      const share = await store.revokeShare(id, new Date(now()).toISOString());
      if (share === null) throw new KilnError('NOT_FOUND', `there is no share link ${id}: kiln share list shows those there are`);
      return shown(share);
    },
    open: async (token) => {
      const [, id = '', secret = ''] = /^(l-[0-9a-f]{16})\.([\w-]{43})$/u.exec(token) ?? [];
      const known = ShareId.safeParse(id).data;
      const record = known === undefined ? null : await store.share(known);
      if (record === null || !isSame(hashOf(secret), record.secretHash)) return null;
      const { secretHash: _hash, ...row } = record;
      if (isOver(row)) return null;
      const share = shown(row);
      const thing = sharedThingOf(partsOf(share.page).path);
      return thing && { share, thing };
    },
  };
};

const isOwn = ({ tokenId }: ShareRow, by: Principal): boolean =>
  by.role === 'admin' || (tokenId !== null && tokenId === by.tokenId);

const CANNOT_BE_SHARED =
  'body.page: a problem, candidate, sweep or campaign can be shared: give the path of its page, as /problems/softmax?device=H100';

const partsOf = (page: string): { readonly path: string; readonly search: string } => {
  const base = 'http://kiln.invalid';
  if (!page.startsWith('/') || !URL.canParse(page, base)) return { path: '', search: '' };
  const { origin, pathname, search } = new URL(page, base);
  return origin === base ? { path: pathname, search } : { path: '', search: '' };
};
