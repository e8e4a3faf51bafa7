/**
 * Named tokens: "ID.SECRET". The secret is 256 random bits, told once and kept as its digest. All of them are held in memory, since every request asks;
 * one daemon has the store, so what is here is what is kept.
 */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { OPERATOR, type Principal } from '../../domain/access/principal.ts';
import { type Token, TokenId, type TokenRecord } from '../../domain/access/token.ts';
import type { CreateToken, TokenCreated } from '../../domain/api/tokens.ts';
import { KilnError } from '../../domain/errors.ts';
import type { TokenStore } from '../../domain/ports/access.ts';
import { createEndings, type WhenOver } from './endings.ts';
import { hashOf, isSame, newSecret } from '../secret.ts';

const ID_BYTES = 8;
const DAY_MS = 24 * 3_600_000;
const OPEN_MAX = 10_000;
const NAMED = /^(t-[0-9a-f]{16})\.([\w-]{43})$/u;

export interface TokenBook {
  /** Throws INVALID_REQUEST for a name that an open token or the operator has, and for a role that takes no submitter. */
  create(wish: z.output<typeof CreateToken>, by: string): Promise<TokenCreated>;
  /** Newest first, those that are over too. */
  list(): readonly Token[];
  /** By id or name. Throws NOT_FOUND. */
  revoke(given: string): Promise<Token>;
  /** Null for one that never was, is revoked or has expired. */
  principalOf(sent: string): Principal | null;
  /** The same for who signed in with it. */
  principalById(id: TokenId): Principal | null;
  expiryOf(id: TokenId): string | null;
  /** Tells when it is revoked or expires. */
  whenOver(id: TokenId): WhenOver;
}

export interface BookDeps {
  readonly store: TokenStore;
  readonly now: () => number;
}

/** Whether it looks like one: then it is checked also where nobody needs a token. */
export const isNamedToken = (sent: string): boolean => NAMED.test(sent);

export const openTokenBook = async ({ store, now }: BookDeps): Promise<TokenBook> => {
  const records = new Map<string, TokenRecord>((await store.tokens()).toReversed().map((record) => [record.id, record]));
  const endings = createEndings(now);
  const isOpen = ({ revokedAt, expiresAt }: Token): boolean =>
    revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now());
  const openNamed = (name: string): TokenRecord | undefined =>
    [...records.values()].find((record) => record.name === name && isOpen(record));
  const checkRoom = (name: string): void => {
    if (name.toLowerCase() === OPERATOR.name)
      throw new KilnError(
        'INVALID_REQUEST',
        `body.name: ${OPERATOR.name} is who comes with the daemon's own token, in the audit list and wherever else it says who did what: take another name`,
      );
    if (openNamed(name))
      throw new KilnError(
        'INVALID_REQUEST',
        `body.name: there is a token ${name} already: revoke it (kiln token revoke ${name}), or take another name`,
      );
    if ([...records.values()].filter(isOpen).length >= OPEN_MAX)
      throw new KilnError('INVALID_REQUEST', `there are ${OPEN_MAX} tokens: revoke those that nobody uses (kiln token list)`);
  };
  return {
    create: async (wish, by) => {
      checkRoom(wish.name);
      const secret = newSecret();
      const token: Token = {
        id: TokenId.parse(`t-${randomBytes(ID_BYTES).toString('hex')}`),
        name: wish.name,
        role: wish.role,
        submitter: submitterOf(wish),
        createdAt: new Date(now()).toISOString(),
        createdBy: by,
        expiresAt: wish.days === undefined ? null : new Date(now() + wish.days * DAY_MS).toISOString(),
        revokedAt: null,
      };
      const record = { ...token, secretHash: hashOf(secret) };
      // Before it is written: another one that is made meanwhile meets its name.
      records.set(record.id, record);
      await store.addToken(record).catch((error: unknown) => {
        records.delete(record.id);
        throw error;
      });
      return { ...token, token: `${token.id}.${secret}` };
    },
    list: () => [...records.values()].toReversed().map(withoutSecret),
    revoke: async (given) => {
      const known = records.get(given) ?? openNamed(given) ?? [...records.values()].findLast(({ name }) => name === given);
      const token = known && (await store.revokeToken(known.id, new Date(now()).toISOString()));
      if (!token) throw new KilnError('NOT_FOUND', `there is no token ${given}: kiln token list shows those there are`);
      records.set(token.id, { ...token, secretHash: known.secretHash });
      endings.end(token.id);
      return token;
    },
    principalOf: (sent) => {
      const [, id = '', secret = ''] = NAMED.exec(sent) ?? [];
      const record = records.get(id);
      return record !== undefined && isSame(hashOf(secret), record.secretHash) && isOpen(record) ? principal(record) : null;
    },
    principalById: (id) => {
      const record = records.get(id);
      return record !== undefined && isOpen(record) ? principal(record) : null;
    },
    expiryOf: (id) => records.get(id)?.expiresAt ?? null,
    whenOver: (id) => {
      const { expiresAt = null } = records.get(id) ?? {};
      return endings.when(id, expiresAt === null ? null : Date.parse(expiresAt));
    },
  };
};

const submitterOf = ({ name, role, submitter, anySubmitter }: z.output<typeof CreateToken>): string | null => {
  if (role === 'read' && (submitter !== undefined || anySubmitter))
    throw new KilnError(
      'INVALID_REQUEST',
      'body.submitter: a token of role read submits nothing: leave it out, or make the role submit',
    );
  if (anySubmitter && submitter !== undefined)
    throw new KilnError('INVALID_REQUEST', 'body.anySubmitter: a token has one submitter or any: give submitter or anySubmitter');
  return role === 'read' || anySubmitter ? null : (submitter ?? name);
};

const principal = ({ id, name, role, submitter }: Token): Principal => ({
  name,
  role,
  tokenId: id,
  submitter,
  isForOthers: role === 'admin' || (role === 'submit' && submitter === null),
});

const withoutSecret = ({ secretHash: _hash, ...token }: TokenRecord): Token => token;
