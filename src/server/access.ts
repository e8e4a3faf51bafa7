/** Who may call: a bearer token when one is configured; without one, only this machine's own programs. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { KilnError } from '../domain/errors.ts';
import { isLoopback } from '../domain/loopback.ts';

const OPEN_PATHS: readonly string[] = ['/healthz'];

/** Throws UNAUTHORIZED or FORBIDDEN. */
export const createAccessCheck = ({ token }: { readonly token: string | null }) => {
  return (request: FastifyRequest): void => {
    if (token !== null) {
      requireToken(request, token);
      return;
    }
    requireLoopback(request);
    refuseOtherSites(request);
  };
};

const requireToken = (request: FastifyRequest, token: string): void => {
  if (OPEN_PATHS.includes(request.url)) return;
  const sent = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (sent !== undefined && isSame(sent, token)) return;
  const what = sent === undefined ? 'no bearer token was sent' : 'the bearer token is not the right one';
  throw new KilnError(
    'UNAUTHORIZED',
    `${what}: send "Authorization: Bearer TOKEN" (with the kiln command: --token or KILN_TOKEN)`,
  );
};

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

/** Browsers tell where a request comes from; other programs send neither header. Following a link here is harmless. */
const refuseOtherSites = (request: FastifyRequest): void => {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isLink = request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate';
  const foreignOrigin = origin !== undefined && hostOf(origin) !== host;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (!foreignOrigin && (!foreignSite || isLink)) return;
  throw new KilnError(
    'FORBIDDEN',
    'requests from pages of other sites are refused: call the API from its own origin or from a program',
  );
};

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);
