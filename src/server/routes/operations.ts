import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { operationsContract } from '../../domain/api/operations-contract.ts';
import { campaignMetrics } from '../campaign-metrics.ts';
import type { RouteDeps } from '../route-deps.ts';

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export const operationsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln, campaigns, httpMetrics }) => {
  const agents = campaignMetrics(campaigns);
  app.route({ ...operationsContract.health, handler: async () => ({ status: 'ok' as const }) });
  app.route({
    ...operationsContract.ready,
    handler: async (_request, reply) => {
      const reason = await kiln.notReady();
      return reply.status(reason === null ? 200 : 503).send({ ready: reason === null, reason });
    },
  });
  app.route({ ...operationsContract.collectGarbage, handler: (request) => kiln.collectGarbage(request.body) });
  app.route({
    ...operationsContract.metrics,
    handler: async (_request, reply) => {
      const parts = await Promise.all([kiln.metrics(), agents(), httpMetrics()]);
      return reply.type(PROMETHEUS_TEXT).send(parts.map((part) => `${part.trimEnd()}\n`).join(''));
    },
  });
};
