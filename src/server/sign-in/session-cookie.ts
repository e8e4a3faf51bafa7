/** The cookie of a session. Cookies do not tell ports apart: the name does, or two daemons of one machine would sign each other out. */
import type { FastifyRequest } from 'fastify';

export interface SessionCookie {
  /** Null where none was sent. */
  valueOf(request: Pick<FastifyRequest, 'headers'>): string | null;
  /** A Set-Cookie header. */
  set(value: string, options: { readonly seconds: number; readonly secure: boolean }): string;
  cleared(options: { readonly secure: boolean }): string;
}

export const createSessionCookie = (port: number): SessionCookie => {
  const name = `kiln-session-${port}`;
  const header = (value: string, { seconds, secure }: { readonly seconds: number; readonly secure: boolean }): string =>
    `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    valueOf: ({ headers }) => {
      const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
      return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
    },
    set: header,
    cleared: ({ secure }) => header('', { seconds: 0, secure }),
  };
};
