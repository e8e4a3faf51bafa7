import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sweepsContract } from '../../domain/api/sweeps-contract.ts';
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
  app.route({ ...sweepsContract.list, handler: () => kiln.views.sweeps() });
  app.route({ ...sweepsContract.points, handler: (request) => kiln.views.sweepPoints(request.params.id) });
  app.route({ ...sweepsContract.get, handler: (request) => kiln.sweep(request.params.id) });
};
