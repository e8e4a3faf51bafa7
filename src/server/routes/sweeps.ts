import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sweepsContract } from '../../domain/api/sweeps-contract.ts';
import { sweepImage } from '../../dashboard/serving/sweep-image.ts';
import type { RouteDeps } from '../route-deps.ts';
import { requestSignal } from '../request-signal.ts';
import { checkSourceSize } from '../source-limit.ts';

export const sweepsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { sweeps, limits, closing, own }) => {
  app.route({
    ...sweepsContract.create,
    handler: (request) => {
      checkSourceSize(request.body.candidate, 'body.candidate.source', limits.sourceBytes);
      return own(request).sweeps.create(request.body);
    },
  });
  app.route({ ...sweepsContract.list, handler: () => sweeps.list() });
  app.route({ ...sweepsContract.get, handler: ({ params }) => sweeps.view(params.id) });
  app.route({ ...sweepsContract.pause, handler: (request) => own(request).sweeps.pause(request.params.id) });
  app.route({ ...sweepsContract.resume, handler: (request) => own(request).sweeps.resume(request.params.id) });
  app.route({ ...sweepsContract.cancel, handler: (request) => own(request).sweeps.cancel(request.params.id) });
  app.route({ ...sweepsContract.extend, handler: (request) => own(request).sweeps.extend(request.params.id, request.body) });
  app.route({
    ...sweepsContract.results,
    handler: ({ params, query }, reply) => {
      const { signal, release } = requestSignal(reply.raw, closing);
      return sweeps.results(params.id, query, signal).finally(release);
    },
  });
  app.route({ ...sweepsContract.points, handler: ({ params, query }) => sweeps.points(params.id, query) });
  app.route({
    ...sweepsContract.plot,
    handler: async ({ params, query }, reply) => {
      const { svg, policy } = await sweepImage(sweeps, params.id, query);
      return reply.header('content-security-policy', policy).type('image/svg+xml').send(svg);
    },
  });
};
