/** Where a browser says that a request comes from. Other programs send none of these headers. */
import type { FastifyRequest } from 'fastify';

type Headers = Pick<FastifyRequest, 'headers' | 'method'>;
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A page of another site, or of another port of this machine, made this request. Following a link to here is harmless. */
export const isFromElsewhere = ({ headers, method }: Headers): boolean => {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  const foreignOrigin = origin !== undefined && hostOf(origin) !== host;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  return foreignOrigin || (foreignSite && !isLink);
};

/**
 * What a browser does by itself with a cookie must come from a page of ours. Behind a proxy that changes Host, Origin is another name;
 * Sec-Fetch-Site, which no page can set, still tells. One that changes something must say where it comes from.
 */
export const isOwnPage = (request: Headers): boolean => {
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return true;
  if (READING.has(request.method)) return !isFromElsewhere(request);
  const { origin, host } = request.headers;
  return site === undefined && origin !== undefined && hostOf(origin) === host;
};

/** A person opens a page: a program would not ask for HTML. */
export const isPageVisit = ({ headers }: Headers): boolean =>
  headers.authorization === undefined && (headers.accept ?? '').includes('text/html');

/** Over TLS, which ends in a proxy before this server. */
export const isOverTls = ({ headers }: Headers): boolean =>
  headers.origin === undefined ? headers['x-forwarded-proto'] === 'https' : headers.origin.startsWith('https://');

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);
