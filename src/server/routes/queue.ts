import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { queueContract } from '../../domain/api/queue-contract.ts';
import { steeringContract } from '../../domain/api/steering-contract.ts';
import type { RouteDeps } from '../route-deps.ts';

export const queueRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln, own }) => {
  app.route({ ...queueContract.get, handler: () => kiln.queue() });
  app.route({ ...steeringContract.why, handler: ({ params }) => kiln.why(params.id) });
  app.route({ ...steeringContract.cancel, handler: (request) => own(request).kiln.steer('cancel', request.body) });
  app.route({ ...steeringContract.pause, handler: (request) => own(request).kiln.steer('pause', request.body) });
  app.route({ ...steeringContract.resume, handler: (request) => own(request).kiln.steer('resume', request.body) });
  app.route({ ...steeringContract.reprioritise, handler: (request) => own(request).kiln.steer('reprioritise', request.body) });
  app.route({ ...steeringContract.rejudge, handler: (request) => own(request).kiln.steer('rejudge', request.body) });
};
