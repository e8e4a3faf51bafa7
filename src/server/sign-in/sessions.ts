/**
 * What a browser holds instead of the token: "EXPIRY.ID.SIGNATURE", signed with a key that comes from the token. So a session ends with its
 * lifetime, when it is signed out, and at once when the token changes; it outlives a restart of the daemon. The token is never in a cookie.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from '../../platform/bounded-map.ts';

const LIFETIME_MS = 24 * 3_600_000;
/** Sessions that were signed out and have not expired; the oldest are forgotten first. */
const SIGNED_OUT_MAX = 10_000;
const ID_BYTES = 16;

export interface Sessions {
  /** A new session: the value of its cookie. */
  issue(): string;
  isValid(value: string): boolean;
  /** Signed out: it is not valid again, until the daemon restarts. */
  end(value: string): void;
  readonly lifetimeSeconds: number;
}

export const createSessions = ({ token, now }: { readonly token: string; readonly now: () => number }): Sessions => {
  const key = createHmac('sha256', token).update('kiln session').digest();
  const signedOut = new BoundedMap<string, true>(SIGNED_OUT_MAX);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const isValid = (value: string): boolean => {
    const [, text = '', expiry = '', id = '', signature = ''] = /^((\d{1,16})\.([\w-]{22}))\.([\w-]{43})$/.exec(value) ?? [];
    const sent = Buffer.from(signature, 'base64url');
    const expected = sign(text);
    return sent.length === expected.length && timingSafeEqual(sent, expected) && Number(expiry) > now() && !signedOut.has(id);
  };
  return {
    issue: () => {
      const text = `${now() + LIFETIME_MS}.${randomBytes(ID_BYTES).toString('base64url')}`;
      return `${text}.${sign(text).toString('base64url')}`;
    },
    isValid,
    end: (value) => {
      if (!isValid(value)) return;
      signedOut.set(value.split('.')[1] ?? '', true);
    },
    lifetimeSeconds: LIFETIME_MS / 1000,
  };
};
