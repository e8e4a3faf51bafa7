/**
 * Share links: "/shared/ID.SECRET" opens the one page that it was made for. The secret is 256 random bits, told once and kept as its digest, as
 * tokens are: who reads the store cannot open a link. What it opens is in domain/share-scope.ts; when it ends, here: revoked, expired, or
 * never made.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import type { CreateShare, ShareCreated } from '../../domain/api/shares.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { KilnError } from '../../domain/errors.ts';
import type { ShareStore } from '../../domain/ports/shares.ts';
import { type Share, ShareId, type ShareRow } from '../../domain/share.ts';
import { pageOf, SHARED_PREFIX, sharedThingOf, type SharedThing } from '../../domain/share-scope.ts';

const SECRET_BYTES = 32;
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
}

export const createShareLinks = ({ store, now, find }: ShareDeps): ShareLinks => ({
  create: async ({ page, days, note }, by) => {
    const { path, search } = partsOf(page);
    const asked = sharedThingOf(path);
    if (asked === null) throw new KilnError('INVALID_REQUEST', CANNOT_BE_SHARED, { details: { field: 'body.page' } });
    const thing = await find(asked);
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const share: Share = {
      id: ShareId.parse(`l-${randomBytes(ID_BYTES).toString('hex')}`),
      page: `${pageOf(thing)}${search}`,
      note,
      createdAt: new Date(now()).toISOString(),
      createdBy: by.name,
      expiresAt: new Date(now() + days * DAY_MS).toISOString(),
      revokedAt: null,
    };
    await store.addShare({ ...share, secretHash: hashOf(secret), tokenId: by.tokenId });
    return { ...share, path: `${SHARED_PREFIX}/${share.id}.${secret}` };
  },
  list: async (by) => (await store.shares()).filter((share) => isOwn(share, by)).map(withoutToken),
  revoke: async (id, by) => {
    const known = await store.share(id);
    if (known !== null && !isOwn(known, by))
      throw new KilnError('FORBIDDEN', `the share link ${id} was made by ${known.createdBy}: only an admin ends those of others`);
    const share = await store.revokeShare(id, new Date(now()).toISOString());
    if (share === null) throw new KilnError('NOT_FOUND', `there is no share link ${id}: kiln share list shows those there are`);
    return withoutToken(share);
  },
  open: async (token) => {
    const [, id = '', secret = ''] = /^(l-[0-9a-f]{16})\.([\w-]{43})$/u.exec(token) ?? [];
    const known = ShareId.safeParse(id).data;
    const record = known === undefined ? null : await store.share(known);
    if (record === null || !isSame(hashOf(secret), record.secretHash)) return null;
    const { secretHash: _hash, ...row } = record;
    const share = withoutToken(row);
    if (share.revokedAt !== null || Date.parse(share.expiresAt) <= now()) return null;
    const thing = sharedThingOf(partsOf(share.page).path);
    return thing && { share, thing };
  },
});

const isOwn = ({ tokenId }: ShareRow, by: Principal): boolean =>
  by.role === 'admin' || (tokenId !== null && tokenId === by.tokenId);
const withoutToken = ({ tokenId: _token, ...share }: ShareRow): Share => share;

const CANNOT_BE_SHARED =
  'body.page: a problem, candidate, sweep or campaign can be shared: give the path of its page, as /problems/softmax?device=H100';

const partsOf = (page: string): { readonly path: string; readonly search: string } => {
  const base = 'http://kiln.invalid';
  if (!page.startsWith('/') || !URL.canParse(page, base)) return { path: '', search: '' };
  const { origin, pathname, search } = new URL(page, base);
  return origin === base ? { path: pathname, search } : { path: '', search: '' };
};

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
