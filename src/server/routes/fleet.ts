import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { fleetContract } from '../../domain/api/contracts.ts';
import type { RouteDeps } from '../route-deps.ts';

export const fleetRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln }) => {
  app.route({ ...fleetContract.get, handler: () => kiln.fleet() });
  app.route({ ...fleetContract.resume, handler: ({ params }) => kiln.resumeHost(params.host) });
  app.route({ ...fleetContract.refreshAll, handler: () => kiln.refreshHosts(null) });
  app.route({ ...fleetContract.refresh, handler: ({ params }) => kiln.refreshHosts(params.host) });
};
