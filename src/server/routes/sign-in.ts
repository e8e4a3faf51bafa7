/** How a browser comes in where a token is configured: GET and POST /sign-in, POST /sign-out. Programs send the token itself. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/access/principal.ts';
import { KilnError } from '../../domain/errors.ts';
import { checkToken, OTHER_SITE, sessionOwner, SIGN_IN_PATH, type TokenAccess } from '../access.ts';
import { retryAfter } from '../error-answers.ts';
import { isOverTls, isOwnPage } from '../same-site.ts';
import { SIGN_IN_POLICY, signedInPage, signInPage, stepPage } from '../sign-in/sign-in-page.ts';

const FORM_BYTES_MAX = 16 * 1024;
const SIGN_OUT_PATH = '/sign-out';
const SEE_OTHER = 303;
/** Where people go who come without having wanted a page. */
const FIRST_PAGE = '/';

/** `access` is null where no token is configured: then nobody has to sign in. */
export const signInRoutes = async (app: FastifyInstance, { access }: { readonly access: TokenAccess | null }): Promise<void> => {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
    async (_request: FastifyRequest, body: string | Buffer) => new URLSearchParams(body.toString()),
  );
  const hidden = { schema: { hide: true } };
  app.get(SIGN_IN_PATH, hidden, (request, reply) => {
    const next = localPath(new URL(request.url, 'http://kiln').searchParams.get('next'));
    if (access === null) return reply.redirect(next, SEE_OTHER);
    const session = access.cookie.valueOf(request);
    const principal = session === null ? null : sessionOwner(session, access);
    if (principal !== null) return answerPage(reply, 200, signedInPage(next, principal));
    const page = request.headers['sec-fetch-site'] === 'cross-site' ? stepPage(next) : signInPage({ next, problem: null });
    return answerPage(reply, 200, page);
  });
  app.post(SIGN_IN_PATH, hidden, (request, reply) => signIn({ request, reply, access }));
  app.post(SIGN_OUT_PATH, hidden, (request, reply) => {
    if (access === null) return reply.redirect(FIRST_PAGE, SEE_OTHER);
    access.sessions.end(access.cookie.valueOf(request) ?? '');
    return reply
      .header('set-cookie', access.cookie.cleared({ secure: isOverTls(request) }))
      .header('clear-site-data', '"cache"')
      .redirect(SIGN_IN_PATH, SEE_OTHER);
  });
};

const signIn = ({
  request,
  reply,
  access,
}: {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly access: TokenAccess | null;
}): FastifyReply => {
  if (!isOwnPage(request)) throw new KilnError('FORBIDDEN', OTHER_SITE);
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  const next = localPath(form.get('next'));
  if (access === null) return reply.redirect(next, SEE_OTHER);
  let principal: Principal;
  try {
    principal = checkToken(request, (form.get('token') ?? '').trim(), access);
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const wait = retryAfter(error);
    if (wait !== null) void reply.header('retry-after', wait);
    const problem = error.code === 'UNAUTHORIZED' ? 'This is not a token of this daemon.' : error.message;
    return answerPage(reply, error.status, signInPage({ next, problem }));
  }
  const { sessions, cookie } = access;
  const options = { seconds: sessions.lifetimeSeconds, secure: isOverTls(request) };
  return reply.header('set-cookie', cookie.set(sessions.issue(principal.tokenId), options)).redirect(next, SEE_OTHER);
};

/** The form's Origin must come with it, and the path that is in `next` must not go to others. */
export const answerPage = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply
    .status(status)
    .headers({ 'content-security-policy': SIGN_IN_POLICY, 'referrer-policy': 'same-origin', 'cache-control': 'no-store' })
    .type('text/html; charset=utf-8')
    .send(page);

/** A path of this server, whatever was asked for: nobody is led elsewhere after the token is given. */
export const localPath = (text: string | null): string => {
  const base = 'http://kiln.invalid';
  if (text === null || !text.startsWith('/') || !URL.canParse(text, base)) return FIRST_PAGE;
  const { origin, pathname, search, hash } = new URL(text, base);
  const isPage = !pathname.startsWith('//') && pathname !== SIGN_IN_PATH && pathname !== SIGN_OUT_PATH;
  return origin === base && isPage ? `${pathname}${search}${hash}` : FIRST_PAGE;
};
