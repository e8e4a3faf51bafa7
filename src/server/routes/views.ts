import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { viewsContract } from '../../domain/api/view-contracts.ts';
import type { RouteDeps } from '../route-deps.ts';
import { checkSourceSize } from '../source-limit.ts';

export const viewsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln: { views }, limits }) => {
  app.route({ ...viewsContract.activity, handler: ({ query }) => views.activity(query) });
  app.route({ ...viewsContract.summaries, handler: ({ query }) => views.summaries(query) });
  app.route({ ...viewsContract.plan, handler: ({ params }) => views.plan(params.id) });
  app.route({
    ...viewsContract.checkPlan,
    handler: async ({ body }) => {
      checkSourceSize(body.source, 'body.source', limits.sourceBytes);
      return views.checkPlan(body);
    },
  });
  app.route({ ...viewsContract.origin, handler: ({ params }) => views.origin(params.id) });
  app.route({ ...viewsContract.records, handler: ({ query }) => views.records(query) });
  app.route({ ...viewsContract.progress, handler: ({ params }) => views.progress(params.name) });
  app.route({ ...viewsContract.sweeps, handler: () => views.sweeps() });
  app.route({ ...viewsContract.sweepPoints, handler: ({ params }) => views.sweepPoints(params.id) });
};
