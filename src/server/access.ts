/**
 * Who may call: programs with a bearer token and browsers with a session made from it; where no token is configured, only this machine's
 * own programs and pages. A token is the configured one, whose holder is the operator, or a named one, with the role that it was given.
 */
import type { FastifyRequest } from 'fastify';
import { OPERATOR, type Principal } from '../domain/access/principal.ts';
import { KilnError } from '../domain/errors.ts';
import { SHARED_PREFIX } from '../domain/share-scope.ts';
import { isLoopback } from '../platform/loopback.ts';
import { NEVER_OVER, noteEnding, whenEither, type WhenOver } from './callers/endings.ts';
import { isNamedToken, type TokenBook } from './callers/token-book.ts';
import { isFromElsewhere, isOwnPage } from './same-site.ts';
import { isSame } from './secret.ts';
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
  readonly named: TokenBook;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly wrongTokens: WrongTokens;
}

/** Who comes by a share link; what it opens is checked here as for everybody else. */
export interface SharedAccess {
  readonly cameByLink: (request: FastifyRequest) => boolean;
  readonly check: (request: FastifyRequest, path: string) => Promise<void>;
}

/** Whoever has a share link reads what it opens. */
const VISITOR: Principal = { name: 'share link', role: 'read', tokenId: null, submitter: null, isForOthers: false };

/** Who calls; null for what everybody may ask. Throws UNAUTHORIZED, TOO_MANY_WRONG_TOKENS or FORBIDDEN. */
export const createAccessCheck =
  (access: TokenAccess | null, { named, shared }: { readonly named: TokenBook; readonly shared: SharedAccess }) =>
  async (request: FastifyRequest): Promise<Principal | null> => {
    if (access === null) requireLoopback(request);
    if (shared.cameByLink(request)) {
      await shared.check(request, pathOf(request));
      return VISITOR;
    }
    if (access === null && isFromElsewhere(request)) throw new KilnError('FORBIDDEN', OTHER_SITE);
    const principal = access === null ? localCaller(request, named) : requireToken(request, access);
    if (principal !== null) noteEnding(request.raw, endingFor(request, principal, { access, named }));
    return principal;
  };

/** Answers that go on, as streams, end with what they were asked for with. */
const endingFor = (
  request: FastifyRequest,
  { tokenId }: Principal,
  { access, named }: { readonly access: TokenAccess | null; readonly named: TokenBook },
): WhenOver => {
  const session = access !== null && bearerOf(request) === null ? access.cookie.valueOf(request) : null;
  return whenEither(
    tokenId === null ? NEVER_OVER : named.whenOver(tokenId),
    access === null || session === null ? NEVER_OVER : access.sessions.whenOver(session),
  );
};

/** This machine's own programs are the operator, unless they come as somebody else. */
const localCaller = (request: FastifyRequest, named: TokenBook): Principal => {
  const sent = bearerOf(request);
  if (sent === null || !isNamedToken(sent)) return OPERATOR;
  const principal = named.principalOf(sent);
  if (principal === null) throw new KilnError('UNAUTHORIZED', ENDED);
  return principal;
};

const ENDED =
  'the token is not valid: it has expired, was revoked, or is not whole. Whoever made it can make another one (kiln token create)';

export const OTHER_SITE =
  'requests from pages of other sites are refused: call the API from its own origin, or from a program with the token';

const requireToken = (request: FastifyRequest, access: TokenAccess): Principal | null => {
  const path = pathOf(request);
  if (OPEN_PATHS.includes(path) || OPEN_FOLDERS.some((folder) => path.startsWith(folder))) return null;
  const sent = bearerOf(request);
  if (sent !== null) return checkToken(request, sent, access);
  const session = access.cookie.valueOf(request);
  if (session === null) throw new KilnError('UNAUTHORIZED', `no bearer token was sent: ${SEND_ONE}`);
  const principal = sessionOwner(session, access);
  if (principal === null) throw new KilnError('UNAUTHORIZED', `the session has ended: sign in again at ${SIGN_IN_PATH}`);
  if (!isOwnPage(request)) throw new KilnError('FORBIDDEN', OTHER_SITE);
  return principal;
};

const bearerOf = ({ headers }: FastifyRequest): string | null => /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;

/** Null once it is over, or the token that it was made from is. */
export const sessionOwner = (session: string, { sessions, named }: Pick<TokenAccess, 'sessions' | 'named'>): Principal | null => {
  const opened = sessions.open(session);
  if (opened === null) return null;
  return opened.tokenId === null ? OPERATOR : named.principalById(opened.tokenId);
};

const SEND_ONE = `send "Authorization: Bearer TOKEN" (with the kiln command: --token or KILN_TOKEN; in a browser: ${SIGN_IN_PATH})`;

/** Throws UNAUTHORIZED, or TOO_MANY_WRONG_TOKENS above the limit of the caller's address. */
export const checkToken = (request: FastifyRequest, sent: string, { token, named, wrongTokens }: TokenAccess): Principal => {
  if (isSame(sent, token)) return OPERATOR;
  const principal = named.principalOf(sent);
  if (principal !== null) return principal;
  const address = request.socket.remoteAddress ?? '';
  const { retrySeconds, isFirstAboveLimit } = wrongTokens.note(address);
  if (isFirstAboveLimit) request.log.warn({ address }, 'many wrong tokens come from one address');
  if (retrySeconds === 0)
    throw new KilnError('UNAUTHORIZED', isNamedToken(sent) ? ENDED : `the bearer token is not the right one: ${SEND_ONE}`);
  throw new KilnError(
    'TOO_MANY_WRONG_TOKENS',
    `too many wrong tokens came from ${address}: correct the token (only the right one is served), and try no more often than every ${retrySeconds} s`,
    { details: { retrySeconds } },
  );
};

export const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => (url.split('?', 1)[0] ?? '').replace(/(?<=.)\/$/, '');

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
