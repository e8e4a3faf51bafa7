/** Share links: making, listing and ending them, and the address that people are sent, which leads to the page. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sharesContract } from '../../domain/api/shares-contract.ts';
import { KilnError } from '../../domain/errors.ts';
import { SHARED_PREFIX } from '../../domain/share-scope.ts';
import type { ShareLinks } from '../sharing/share-links.ts';
import { principalOf } from '../callers/principals.ts';
import { openLink, shareOf } from '../sharing/shared-request.ts';
import type { WrongTokens } from '../sign-in/wrong-tokens.ts';

const SEE_OTHER = 303;

interface Deps {
  readonly links: ShareLinks;
  readonly wrongTokens: WrongTokens;
}

export const sharesRoutes = async (app: FastifyInstance, { links, wrongTokens }: Deps): Promise<void> => {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.route({ ...sharesContract.create, handler: (request) => links.create(request.body, principalOf(request)) });
  typed.route({
    ...sharesContract.list,
    handler: async (request) => ({ shares: [...(await links.list(principalOf(request)))] }),
  });
  typed.route({ ...sharesContract.revoke, handler: (request) => links.revoke(request.params.share, principalOf(request)) });
  typed.route({
    ...sharesContract.own,
    handler: async (request) => {
      const open = shareOf(request);
      if (open === null) throw new KilnError('NOT_FOUND', 'this request came by no share link: GET /v1/shares lists them');
      return open.share;
    },
  });
  app.get<{ Params: { readonly token: string } }>(
    `${SHARED_PREFIX}/:token`,
    { schema: { hide: true } },
    async (request: FastifyRequest<{ Params: { readonly token: string } }>, reply: FastifyReply) => {
      const { token } = request.params;
      const { share } = await openLink(request, token, { links, wrongTokens });
      return reply.redirect(`${SHARED_PREFIX}/${token}${share.page}`, SEE_OTHER);
    },
  );
};
