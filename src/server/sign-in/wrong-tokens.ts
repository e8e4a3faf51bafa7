/**
 * Counts wrong tokens by address. Above the limit they are answered 429 instead of 401, with the connection closed.
 *
 * The right token is served from any address at any time, on purpose: agents share addresses (one proxy, one NAT), and one of them with an
 * old token, or a stranger who wants it so, must not lock out the others. What keeps a token from being guessed is its length; this limit
 * tells programs to stop, and keeps their noise out of the log.
 */
import { isIPv6 } from 'node:net';
import { BoundedMap } from '../../platform/bounded-map.ts';

/** At once, then one more each `REFILL_MS`. */
const BURST = 10;
const REFILL_MS = 6000;
/** The ones that were quiet for longest are forgotten first. */
const ADDRESSES_MAX = 4096;

interface Entry {
  readonly left: number;
  readonly atMs: number;
}

export interface WrongTokens {
  /** Seconds until the next one from there is answered 401 again; 0 while it is under the limit. */
  note(address: string): { readonly retrySeconds: number; readonly isFirstAboveLimit: boolean };
  readonly size: number;
}

/** `nowMs` never goes back. */
export const createWrongTokens = (nowMs: () => number): WrongTokens => {
  const entries = new BoundedMap<string, Entry>(ADDRESSES_MAX);
  return {
    note: (address) => {
      const key = networkOf(address);
      const { left, atMs } = entries.get(key) ?? { left: BURST, atMs: nowMs() };
      const now = nowMs();
      const refilled = Math.min(BURST, left + (now - atMs) / REFILL_MS);
      const isAbove = refilled < 1;
      entries.set(key, { left: isAbove ? refilled : refilled - 1, atMs: now });
      return {
        retrySeconds: isAbove ? Math.ceil(((1 - refilled) * REFILL_MS) / 1000) : 0,
        isFirstAboveLimit: !isAbove && refilled - 1 < 1,
      };
    },
    get size() {
      return entries.size;
    },
  };
};

/** Whoever has one IPv6 address has 2^64 of them. */
const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(address) ? firstGroups(address).join(':') : address;
};

const GROUPS_OF_NETWORK = 4;
const firstGroups = (address: string): readonly string[] => {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
};
