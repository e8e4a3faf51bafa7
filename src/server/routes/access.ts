/** Who the caller is; named tokens; and the audit list. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { accessContract } from '../../domain/api/access-contract.ts';
import type { AuditStore } from '../../domain/ports/access.ts';
import { principalOf } from '../callers/principals.ts';
import type { TokenBook } from '../callers/token-book.ts';

interface Deps {
  readonly tokens: TokenBook;
  readonly audit: Pick<AuditStore, 'audit'>;
}

export const accessRoutes = async (app: FastifyInstance, { tokens, audit }: Deps): Promise<void> => {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.route({
    ...accessContract.own,
    handler: async (request) => ownAccess(request, tokens),
  });
  typed.route({
    ...accessContract.create,
    handler: (request) => tokens.create(request.body, principalOf(request).name),
  });
  typed.route({ ...accessContract.list, handler: async () => ({ tokens: [...tokens.list()] }) });
  typed.route({ ...accessContract.revoke, handler: ({ params }) => tokens.revoke(params.token) });
  typed.route({
    ...accessContract.audit,
    handler: async ({ query: { before = null, limit, who, action } }) => {
      const entries = await audit.audit({ before, limit, who, action });
      return { entries: [...entries], next: entries.length < limit ? null : (entries.at(-1)?.sequence ?? null) };
    },
  });
};

export const ownAccess = (request: FastifyRequest, tokens: TokenBook) => {
  const { name, role, submitter, isForOthers, tokenId } = principalOf(request);
  return { name, role, submitter, isForOthers, expiresAt: tokenId === null ? null : tokens.expiryOf(tokenId) };
};
