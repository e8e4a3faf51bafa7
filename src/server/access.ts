/**
 * Who may call: programs with the bearer token and browsers with a session made from it; where no token is configured, only this machine's
 * own programs and pages.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { KilnError } from '../domain/errors.ts';
import { SHARED_PREFIX } from '../domain/share-scope.ts';
import { isLoopback } from '../platform/loopback.ts';
import { isFromElsewhere, isOwnPage } from './same-site.ts';
import type { SessionCookie } from './sign-in/session-cookie.ts';
import type { Sessions } from './sign-in/sessions.ts';
import type { WrongTokens } from './sign-in/wrong-tokens.ts';

/** The page to sign in judges for itself who sends its form. */
export const SIGN_IN_PATH = '/sign-in';
/** Probes carry no token; what they are answered says nothing secret. */
const OPEN_PATHS: readonly string[] = ['/healthz', '/readyz', SIGN_IN_PATH];
/** The dashboard's own modules and styles, which are Kiln's and tell nothing of this daemon; and share links, which judge for themselves. */
const OPEN_FOLDERS: readonly string[] = ['/assets/', `${SHARED_PREFIX}/`];

/** Where a token is configured. */
export interface TokenAccess {
  readonly token: string;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly wrongTokens: WrongTokens;
}

/** Who comes by a share link; what it opens is checked here as for everybody else. */
export interface SharedAccess {
  readonly cameByLink: (request: FastifyRequest) => boolean;
  readonly check: (request: FastifyRequest, path: string) => Promise<void>;
}

/** Throws UNAUTHORIZED, TOO_MANY_WRONG_TOKENS or FORBIDDEN. */
export const createAccessCheck =
  (access: TokenAccess | null, shared: SharedAccess) =>
  async (request: FastifyRequest): Promise<void> => {
    if (access === null) requireLoopback(request);
    if (shared.cameByLink(request)) return shared.check(request, pathOf(request));
    if (access !== null) return requireToken(request, access);
    if (isFromElsewhere(request)) throw new KilnError('FORBIDDEN', OTHER_SITE);
  };

export const OTHER_SITE =
  'requests from pages of other sites are refused: call the API from its own origin, or from a program with the token';

const requireToken = (request: FastifyRequest, access: TokenAccess): void => {
  const path = pathOf(request);
  if (OPEN_PATHS.includes(path) || OPEN_FOLDERS.some((folder) => path.startsWith(folder))) return;
  const sent = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (sent !== undefined) return checkToken(request, sent, access);
  const session = access.cookie.valueOf(request);
  if (session === null) throw new KilnError('UNAUTHORIZED', `no bearer token was sent: ${SEND_ONE}`);
  if (!access.sessions.isValid(session))
    throw new KilnError('UNAUTHORIZED', `the session has ended: sign in again at ${SIGN_IN_PATH}`);
  if (!isOwnPage(request)) throw new KilnError('FORBIDDEN', OTHER_SITE);
};

const SEND_ONE = `send "Authorization: Bearer TOKEN" (with the kiln command: --token or KILN_TOKEN; in a browser: ${SIGN_IN_PATH})`;

/** Throws UNAUTHORIZED, or TOO_MANY_WRONG_TOKENS above the limit of the caller's address. */
export const checkToken = (request: FastifyRequest, sent: string, { token, wrongTokens }: TokenAccess): void => {
  if (isSame(sent, token)) return;
  const address = request.socket.remoteAddress ?? '';
  const { retrySeconds, isFirstAboveLimit } = wrongTokens.note(address);
  if (isFirstAboveLimit) request.log.warn({ address }, 'many wrong tokens come from one address');
  if (retrySeconds === 0) throw new KilnError('UNAUTHORIZED', `the bearer token is not the right one: ${SEND_ONE}`);
  throw new KilnError(
    'TOO_MANY_WRONG_TOKENS',
    `too many wrong tokens came from ${address}: correct the token (only the right one is served), and try no more often than every ${retrySeconds} s`,
    { details: { retrySeconds } },
  );
};

export const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => (url.split('?', 1)[0] ?? '').replace(/(?<=.)\/$/, '');

/** Digests have one length, so neither the content nor the length shows in the time this takes. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Whatever address is bound: without a token only what came over loopback is served, under a name of loopback. A page whose DNS name
 * was rebound to 127.0.0.1 still sends its own name as Host.
 */
const requireLoopback = ({ headers, socket }: FastifyRequest): void => {
  if (isLoopback(headers.host ?? '') && isLoopback(socket.localAddress ?? '')) return;
  throw new KilnError(
    'FORBIDDEN',
    'without a token this daemon serves its own machine alone: call it as localhost or 127.0.0.1, or configure a token (KILN_TOKEN)',
  );
};
