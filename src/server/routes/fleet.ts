import { hostsContract } from '../../domain/api/hosts-contract.ts';
import type { Caller } from '../../domain/ports/host-work.ts';
import { requireAdmin } from '../admin.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { fleetContract } from '../../domain/api/fleet-contract.ts';
import { fleetControlContract } from '../../domain/api/fleet-control-contract.ts';
import type { RouteDeps } from '../route-deps.ts';

export const fleetRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln }) => {
  app.route({ ...fleetContract.get, handler: () => kiln.fleet() });
  app.route({ ...fleetContract.lanes, handler: ({ query }) => kiln.views.lanes(query) });
  app.route({ ...fleetContract.activity, handler: ({ query }) => kiln.views.activity(query) });
  app.route({
    ...hostsContract.hold,
    handler: async (request) => kiln.holdHost(request.params.host, request.body, callerText(requireAdmin(request))),
  });
  app.route({
    ...hostsContract.release,
    handler: async (request) => kiln.releaseHost(request.params.host, request.body, callerText(requireAdmin(request))),
  });
  app.route({
    ...hostsContract.book,
    handler: async (request) => kiln.bookHost(request.params.host, request.body, callerText(requireAdmin(request))),
  });
  app.route({
    ...hostsContract.unbook,
    handler: async (request) => kiln.unbookHost(request.params.host, request.body, callerText(requireAdmin(request))),
  });
  app.route({ ...fleetContract.resume, handler: ({ params }) => kiln.resumeHost(params.host) });
  app.route({ ...fleetContract.refreshAll, handler: () => kiln.refreshHosts(null) });
  app.route({ ...fleetContract.refresh, handler: ({ params }) => kiln.refreshHosts(params.host) });
  app.route({ ...fleetControlContract.plan, handler: () => kiln.fleetControl.plan() });
  app.route({ ...fleetControlContract.reload, handler: () => kiln.fleetControl.reload() });
  app.route({ ...fleetControlContract.add, handler: ({ body }) => kiln.fleetControl.add(body) });
  app.route({ ...fleetControlContract.remove, handler: ({ params }) => kiln.fleetControl.remove(params.host) });
};

/** The journal says who did it. */
const callerText = ({ name, says, address }: Caller): string => `${says === null ? name : `${says} (${name})`} from ${address}`;
