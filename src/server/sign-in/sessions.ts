/**
 * What a browser holds instead of the token: "EXPIRY.ID.SIGNATURE", signed with a key that comes from the configured token; of who signed in with a
 * named token its id stands before the signature. So a session ends with its lifetime, when it is signed out, and at once when the configured token
 * changes; it outlives a restart of the daemon. Whether the named token still holds is asked at each request. No token is ever in a cookie.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { TokenId } from '../../domain/access/token.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import { createEndings, type WhenOver } from '../callers/endings.ts';
import { isSame } from '../secret.ts';

const LIFETIME_MS = 24 * 3_600_000;
/** Sessions that were signed out and have not expired; the oldest are forgotten first. */
const SIGNED_OUT_MAX = 10_000;
const ID_BYTES = 16;
const SESSION = /^((\d{1,16})\.([\w-]{22})(?:\.(t-[0-9a-f]{16}))?)\.([\w-]{43})$/u;

export interface Sessions {
  /** A new session: the value of its cookie. `tokenId`: of the named token; null: with the configured one. */
  issue(tokenId: TokenId | null): string;
  /** Null for what is no session, or is over. */
  open(value: string): { readonly tokenId: TokenId | null } | null;
  /** Signed out: it is not valid again, until the daemon restarts. */
  end(value: string): void;
  /** Tells when it is signed out or its lifetime is over. `value`: of one that is open. */
  whenOver(value: string): WhenOver;
  readonly lifetimeSeconds: number;
}

export const createSessions = ({ token, now }: { readonly token: string; readonly now: () => number }): Sessions => {
  const key = createHmac('sha256', token).update('kiln session').digest();
  const signedOut = new BoundedMap<string, true>(SIGNED_OUT_MAX);
  const endings = createEndings(now);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const open: Sessions['open'] = (value) => {
    const [, text = '', expiry = '', id = '', named, signature = ''] = SESSION.exec(value) ?? [];
    if (!isSame(Buffer.from(signature, 'base64url'), sign(text)) || Number(expiry) <= now() || signedOut.has(id)) return null;
    return { tokenId: named === undefined ? null : TokenId.parse(named) };
  };
  return {
    issue: (tokenId) => {
      const id = randomBytes(ID_BYTES).toString('base64url');
      const text = `${now() + LIFETIME_MS}.${id}${tokenId === null ? '' : `.${tokenId}`}`;
      return `${text}.${sign(text).toString('base64url')}`;
    },
    open,
    end: (value) => {
      if (open(value) === null) return;
      const [, id = ''] = value.split('.');
      signedOut.set(id, true);
      endings.end(id);
    },
    whenOver: (value) => {
      const [expiry = '0', id = ''] = value.split('.');
      return endings.when(id, Number(expiry));
    },
    lifetimeSeconds: LIFETIME_MS / 1000,
  };
};
