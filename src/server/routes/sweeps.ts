import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sweepsContract } from '../../domain/api/contracts.ts';
import type { RouteDeps } from '../route-deps.ts';
import { checkSourceSize } from '../source-limit.ts';

export const sweepsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln, limits }) => {
  app.route({
    ...sweepsContract.create,
    handler: (request) => {
      checkSourceSize(request.body.candidate.source, 'body.candidate.source', limits.sourceBytes);
      return kiln.createSweep(request.body);
    },
  });
  app.route({ ...sweepsContract.get, handler: (request) => kiln.sweep(request.params.id) });
};
