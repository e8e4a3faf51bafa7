import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { submittersContract } from '../../domain/api/submitters-contract.ts';
import { principalOf } from '../callers/principals.ts';
import type { RouteDeps } from '../route-deps.ts';

export const submittersRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln }) => {
  app.route({ ...submittersContract.list, handler: () => kiln.submitters.list() });
  app.route({
    ...submittersContract.set,
    handler: (request) => kiln.submitters.set(request.params.submitter, request.body, principalOf(request).name),
  });
  app.route({ ...submittersContract.clear, handler: ({ params }) => kiln.submitters.clear(params.submitter) });
};
