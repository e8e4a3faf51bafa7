import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { queueContract } from '../../domain/api/queue-contract.ts';
import { steeringContract } from '../../domain/api/steering-contract.ts';
import type { RouteDeps } from '../route-deps.ts';

export const queueRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln }) => {
  app.route({ ...queueContract.get, handler: () => kiln.queue() });
  app.route({ ...steeringContract.why, handler: ({ params }) => kiln.why(params.id) });
  app.route({ ...steeringContract.cancel, handler: ({ body }) => kiln.steer('cancel', body) });
  app.route({ ...steeringContract.pause, handler: ({ body }) => kiln.steer('pause', body) });
  app.route({ ...steeringContract.resume, handler: ({ body }) => kiln.steer('resume', body) });
  app.route({ ...steeringContract.reprioritise, handler: ({ body }) => kiln.steer('reprioritise', body) });
  app.route({ ...steeringContract.rejudge, handler: ({ body }) => kiln.steer('rejudge', body) });
};
