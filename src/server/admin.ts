/**
 * The one place that decides who may work on hosts, which is as much as to log in there. Whoever passed the check of access may: there is one token, and
 * without one only this machine's own programs call. Roles, where there are some, are asked here.
 */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../domain/ports/host-work.ts';
import { plainLine } from '../platform/printable-text.ts';

export const USER_HEADER = 'x-kiln-user';
const NAME_CHARS_MAX = 64;

/** Throws FORBIDDEN for who may not. */
export const requireAdmin = ({ headers, socket }: FastifyRequest): Caller => {
  const says = headers[USER_HEADER];
  return {
    name: 'operator',
    says: typeof says === 'string' && says !== '' ? plainLine(decoded(says), NAME_CHARS_MAX) : null,
    address: socket.remoteAddress ?? '',
  };
};

/** Headers hold ASCII alone: names come percent-encoded. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
};
