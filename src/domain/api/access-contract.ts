/** Endpoints of access, once: the server's routes, the client and the dashboard all read these records. */
import { Token } from '../access/token.ts';
import { FAILURES } from './errors.ts';
import { Access, AuditList, AuditQuery, CreateToken, TokenCreated, TokenList, TokenParams } from './tokens.ts';

export const accessContract = {
  own: {
    method: 'GET',
    url: '/v1/access',
    schema: {
      operationId: 'getAccess',
      tags: ['access'],
      summary: 'Who the caller is, and what role it has',
      response: { 200: Access, ...FAILURES },
    },
  },
  create: {
    method: 'POST',
    url: '/v1/tokens',
    schema: {
      operationId: 'createToken',
      tags: ['access'],
      summary: 'A token with a name and a role; its text is told this once',
      body: CreateToken,
      response: { 200: TokenCreated, ...FAILURES },
    },
  },
  list: {
    method: 'GET',
    url: '/v1/tokens',
    schema: {
      operationId: 'listTokens',
      tags: ['access'],
      summary: 'Tokens, newest first, those that are over too, without their secrets',
      response: { 200: TokenList, ...FAILURES },
    },
  },
  revoke: {
    method: 'DELETE',
    url: '/v1/tokens/:token',
    schema: {
      operationId: 'revokeToken',
      tags: ['access'],
      summary: 'Ends a token at once, with its sessions and the share links that it made',
      params: TokenParams,
      response: { 200: Token, ...FAILURES },
    },
  },
  audit: {
    method: 'GET',
    url: '/v1/audit',
    schema: {
      operationId: 'readAudit',
      tags: ['access'],
      summary: 'Who did what, when: operations on queue, hosts, fleet, tokens and submitters, newest first',
      querystring: AuditQuery,
      response: { 200: AuditList, ...FAILURES },
    },
  },
} as const;
