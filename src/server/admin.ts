/** Who works on hosts, which is as much as to log in there, for the journal. Roles are asked before any route is (callers/principals.ts). */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../domain/ports/host-work.ts';
import { plainLine } from '../platform/printable-text.ts';
import { principalOf, requireRole } from './callers/principals.ts';
import { decoded } from '../platform/decoded.ts';

export const USER_HEADER = 'x-kiln-user';
const NAME_CHARS_MAX = 64;

/** Throws FORBIDDEN for who may not. */
export const requireAdmin = (request: FastifyRequest): Caller => {
  const principal = principalOf(request);
  requireRole(principal, 'admin', 'work on hosts');
  return { name: principal.name, says: saysOf(request), address: request.socket.remoteAddress ?? '' };
};

/** What the caller calls itself; null where it says nothing. */
export const saysOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string | null => {
  const says = headers[USER_HEADER];
  return typeof says === 'string' && says !== '' ? plainLine(decoded(says), NAME_CHARS_MAX) : null;
};
