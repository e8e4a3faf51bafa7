/** Who made a request, from the check of access to the end of the answer; and what the role lets it do. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/access/principal.ts';
import { mayAs, type Role } from '../../domain/access/role.ts';
import { operationAccess, type OperationAccess } from '../../domain/api/roles.ts';
import { KilnError } from '../../domain/errors.ts';

const principals = new WeakMap<IncomingMessage, Principal>();

export const notePrincipal = ({ raw }: FastifyRequest, principal: Principal): void => void principals.set(raw, principal);

/** Throws UNAUTHORIZED for a request that nobody made known: a route that is open has no caller. */
export const principalOf = ({ raw }: Pick<FastifyRequest, 'raw'>): Principal => {
  const principal = principals.get(raw);
  if (principal === undefined) throw new KilnError('UNAUTHORIZED', 'this request has no caller');
  return principal;
};

/** Of the route that was found; its operation, where it has one. */
export const accessOf = (request: FastifyRequest): OperationAccess & { readonly action: string } => {
  const { schema, url = '' } = request.routeOptions;
  const action = schema !== undefined && 'operationId' in schema ? (schema.operationId ?? '') : '';
  if (action !== '') return { ...operationAccess(action), action };
  // Pages, images, documents and MCP, whose tools ask for themselves; what is not found says so to whoever may look.
  const isReading = request.method === 'GET' || request.method === 'HEAD' || request.is404 || OPEN_TO_READERS.has(url);
  return { role: isReading ? 'read' : 'admin', audited: false, action: url };
};

const OPEN_TO_READERS: ReadonlySet<string> = new Set(['/mcp', '/sign-in', '/sign-out']);

/** Throws FORBIDDEN. */
export const requireRole = (principal: Principal, needed: Role, what: string): void => {
  if (mayAs(principal.role, needed)) return;
  throw new KilnError('FORBIDDEN', `${what} needs the role ${needed}, and the token ${principal.name} has ${principal.role}`, {
    details: { needed, role: principal.role },
  });
};
