/** Who may call: a bearer token when one is configured; without one, only this machine's own programs. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { KilnError } from '../domain/errors.ts';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const OPEN_PATHS: readonly string[] = ['/healthz'];

export const isLoopback = (host: string): boolean => LOOPBACK_NAMES.includes(host) || host === '::1';

/** Throws UNAUTHORIZED or FORBIDDEN. */
export const createAccessCheck = (config: { readonly host: string; readonly token: string | null }) => {
  const { token } = config;
  const checkHost = isLoopback(config.host);
  return (request: FastifyRequest): void => {
    if (token !== null) {
      requireToken(request, token);
      return;
    }
    if (checkHost) requireLoopbackName(request);
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

/** A page whose DNS name was rebound to 127.0.0.1 still sends its own name as Host. */
const requireLoopbackName = (request: FastifyRequest): void => {
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (LOOPBACK_NAMES.includes(name)) return;
  throw new KilnError(
    'FORBIDDEN',
    'the Host header names another machine: call this daemon as localhost or 127.0.0.1, or configure a token and another address',
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
