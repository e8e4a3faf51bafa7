/**
 * Requests that come by a share link. Its pages live under "/shared/TOKEN/": the prefix is taken off before a route is looked up, and held
 * against what the link opens. So every address of a shared page, also that of an image in a chat, carries its own right and no cookie does.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { KilnError } from '../../domain/errors.ts';
import { isShared, SHARED_PREFIX } from '../../domain/share-scope.ts';
import type { WrongTokens } from '../sign-in/wrong-tokens.ts';
import type { OpenShare, ShareLinks } from './share-links.ts';

const UNDER_LINK = new RegExp(`^${SHARED_PREFIX}/([^/?]+)(/[^?].*)$`, 'u');
const tokens = new WeakMap<IncomingMessage, string>();
const opened = new WeakMap<IncomingMessage, OpenShare>();

/** For Fastify: the address without the link, which is kept beside the request. */
export const withoutShareLink = (raw: IncomingMessage): string => {
  const url = raw.url ?? '/';
  const [, token, rest] = UNDER_LINK.exec(url) ?? [];
  if (token === undefined || rest === undefined) return url;
  tokens.set(raw, token);
  return rest;
};

/** Null where it came by no link. */
export const shareTokenOf = ({ raw }: Pick<FastifyRequest, 'raw'>): string | null => tokens.get(raw) ?? null;
export const shareOf = ({ raw }: Pick<FastifyRequest, 'raw'>): OpenShare | null => opened.get(raw) ?? null;

interface Checking {
  readonly links: Pick<ShareLinks, 'open'>;
  readonly wrongTokens: WrongTokens;
}

const ENDED = 'this share link is not valid: it has expired, was revoked, or is not whole. Ask whoever sent it for another one';

/** Throws UNAUTHORIZED for a link that opens nothing any more, and FORBIDDEN for what it does not open. */
export const checkShared = async (request: FastifyRequest, path: string, { links, wrongTokens }: Checking): Promise<void> => {
  const open = await openLink(request, shareTokenOf(request) ?? '', { links, wrongTokens });
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (!isReading || !isShared(open.thing, path))
    throw new KilnError('FORBIDDEN', `this share link opens ${open.share.page}, to read, and nothing else`);
  opened.set(request.raw, open);
};

/** Throws UNAUTHORIZED, or TOO_MANY_WRONG_TOKENS above the limit of the caller's address. */
export const openLink = async (request: FastifyRequest, token: string, { links, wrongTokens }: Checking): Promise<OpenShare> => {
  const open = await links.open(token);
  if (open !== null) return open;
  const { retrySeconds } = wrongTokens.note(request.socket.remoteAddress ?? '');
  if (retrySeconds === 0) throw new KilnError('UNAUTHORIZED', ENDED);
  throw new KilnError('TOO_MANY_WRONG_TOKENS', `too many share links that are not valid came from one address: ${ENDED}`, {
    details: { retrySeconds },
  });
};
