import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { queueContract } from '../../domain/api/contracts.ts';
import type { RouteDeps } from '../route-deps.ts';

export const queueRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln }) => {
  app.route({ ...queueContract.get, handler: () => kiln.queue() });
};
